import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { apiKey } from "./test-replica.ts";

const main = fileURLToPath(new URL("../src/main.ts", import.meta.url));

/** How to start a replica in a process of its own. */
export interface ProcessOptions {
  name: string;
  namespace: string;
  kubeconfigPath: string;
}

/** A replica that a test can kill in earnest. */
export class ReplicaProcess {
  readonly name: string;
  /** Of the REST API. */
  readonly url: string;
  readonly #child: ChildProcess;

  private constructor(name: string, url: string, child: ChildProcess) {
    this.name = name;
    this.url = url;
    this.#child = child;
  }

  /** Starts it; it serves on return, but its caches may not be filled yet. */
  static async start({ name, namespace, kubeconfigPath }: ProcessOptions): Promise<ReplicaProcess> {
    // It must not outlive the test, however that one ends.
    const child = spawn("setpriv", ["--pdeathsig", "KILL", process.execPath, main], {
      stdio: ["ignore", "ignore", "pipe"],
      env: {
        KUBECONFIG: kubeconfigPath,
        POD_NAME: name,
        POD_NAMESPACE: namespace,
        DATALAYER_WATCH_NAMESPACES: namespace,
        DATALAYER_OPERATOR_API_KEY: apiKey,
        DATALAYER_OPERATOR_PORT: "0",
        DATALAYER_OPS_PORT: "0",
      },
    });
    const lines = createInterface(child.stderr);
    const told: string[] = [];
    for await (const line of lines) {
      told.push(line);
      const { message, address } = fieldsOf(line);
      if (message !== "serving") continue;
      // Read on, or the pipe fills and stops it.
      child.stderr.resume();
      return new ReplicaProcess(name, `${address}/api/operator/v1`, child);
    }
    throw new Error(`replica ${name} did not start:\n${told.join("\n")}`);
  }

  /** Sends a request; answers with status and body. @throws Error when there is no answer. */
  async ask(
    method: "GET" | "POST" | "DELETE",
    path: string,
    { body, key }: { body?: object; key?: string } = {},
  ): Promise<{ status: number; body: { runtime?: { pod_name: string }; detail?: string } }> {
    const answer = await fetch(`${this.url}${path}`, {
      method,
      signal: AbortSignal.timeout(15_000),
      headers: {
        "x-api-key": apiKey,
        ...(body && { "content-type": "application/json" }),
        ...(key !== undefined && { "idempotency-key": key }),
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    return { status: answer.status, body: (await answer.json()) as { detail?: string } };
  }

  /** SIGKILL; it is gone on return. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await exited;
  }
}

function fieldsOf(line: string): { message?: string; address?: string } {
  try {
    return JSON.parse(line) as { message?: string };
  } catch {
    return {};
  }
}
