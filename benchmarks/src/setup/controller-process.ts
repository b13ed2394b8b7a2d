import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createWriteStream, rmSync } from "node:fs";
import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { controllerArgs } from "@datalayer/tools/start/controller";
import getPort from "get-port";
import { parseExposition, type Sample } from "../measure/exposition.ts";

const reports = fileURLToPath(new URL("../../reports/", import.meta.url));
const readyWithinMs = 60_000;

/** How to start a controller. */
export interface ControllerOptions {
  /** Name of the replica, in its lease and in the name of its log file. */
  name: string;
  /** Text of the kubeconfig that it gets. */
  kubeconfig: string;
  /** For the REST API, where it has one. */
  apiKey?: string;
  /** What Node runs, with its options; default: the runtime-controller. */
  args?: readonly string[];
  /** Options for Node, before the bundle. */
  nodeOptions?: readonly string[];
  /** More settings. */
  settings?: Readonly<Record<string, string>>;
}

/** A key for the REST API, good for one run. */
export function newApiKey(): string {
  return randomBytes(24).toString("hex");
}

/** A replica of a controller: the bundle that is shipped, in a process of its own. */
export class ControllerProcess {
  readonly url: string;
  readonly logPath: string;
  readonly #child: ChildProcess;
  readonly #opsUrl: string;

  private constructor(child: ChildProcess, places: { url: string; opsUrl: string; logPath: string }) {
    this.#child = child;
    this.url = places.url;
    this.#opsUrl = places.opsUrl;
    this.logPath = places.logPath;
  }

  /** Starts a replica; it serves on return. */
  static async start(options: ControllerOptions): Promise<ControllerProcess> {
    const { name, kubeconfig, apiKey, args = controllerArgs, nodeOptions = [], settings } = options;
    await mkdir(reports, { recursive: true });
    // It has a token in it: it goes with the process, while reports stay.
    const secrets = await mkdtemp(join(tmpdir(), "benchmarks-"));
    const kubeconfigPath = join(secrets, "kubeconfig");
    await writeFile(kubeconfigPath, kubeconfig, { mode: 0o600 });
    const [port, opsPort] = [await getPort(), await getPort()];
    // Two benches may run at once.
    const logPath = `${reports}${name}-${process.pid}.log`;
    // It must not outlive the bench, however that one ends.
    const command = ["--pdeathsig", "KILL", process.execPath, ...nodeOptions, ...args];
    const child = spawn("setpriv", command, {
      stdio: ["ignore", "ignore", "pipe"],
      env: {
        KUBECONFIG: kubeconfigPath,
        POD_NAME: name,
        ...(apiKey !== undefined && { DATALAYER_OPERATOR_API_KEY: apiKey }),
        DATALAYER_OPERATOR_PORT: String(port),
        DATALAYER_OPS_PORT: String(opsPort),
        ...settings,
      },
    });
    child.once("exit", () => rmSync(secrets, { recursive: true, force: true }));
    child.stderr.pipe(createWriteStream(logPath));
    const places = { url: `http://127.0.0.1:${port}`, opsUrl: `http://127.0.0.1:${opsPort}`, logPath };
    const controller = new ControllerProcess(child, places);
    try {
      await controller.#ready();
    } catch (error) {
      await controller.kill();
      throw error;
    }
    return controller;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Reads its metrics. The delay of its event loop covers the time since the last call. */
  async metrics(): Promise<Sample[]> {
    const answer = await fetch(`${this.#opsUrl}/metrics`);
    return parseExposition(await answer.text());
  }

  /** Lets it end in order. */
  async stop(): Promise<void> {
    await this.#end("SIGTERM");
  }

  /** Ends it as a crash would. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  get #hasExited(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    if (this.#hasExited) return;
    const exited = once(this.#child, "exit");
    this.#child.kill(signal);
    await exited;
  }

  async #ready(): Promise<void> {
    const answers = async (): Promise<boolean> => {
      if (this.#hasExited) return true;
      return (await fetch(`${this.#opsUrl}/readyz`)).ok;
    };
    const message = `the controller to be ready; its log: ${this.logPath}`;
    await eventually(answers, { timeoutMs: readyWithinMs, message });
    if (this.#hasExited) throw new Error(`the controller exited at its start; its log: ${this.logPath}`);
  }
}
