import { spawn, type ChildProcess } from "node:child_process";
import { open, readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { identify } from "./identity.ts";
import type { ClusterState, ComponentRecord } from "./state.ts";
import { instanceVariable, stopComponent } from "./stop.ts";

/** A process of the cluster and how to tell that it works. */
export interface ComponentSpec {
  /** Kebab-case, unique in the cluster; also the name of its log. */
  name: string;
  /** Absolute path of the program. */
  command: string;
  args: readonly string[];
  /** Added to the environment of this process. */
  env?: Record<string, string>;
  cwd?: string;
  /** The port it listens on, for the reader. */
  port?: number;
  /** Whether it gets 5 s to end by itself; false for what keeps nothing that outlives the cluster. Default: true. */
  graceful?: boolean;
  /** Resolves to whether it works now; a rejection means "not yet". Left out: it works once it runs. */
  ready?: (signal: AbortSignal) => Promise<boolean>;
  /** Default: 60 s. */
  readyTimeoutMs?: number;
}

/** A started component. */
export interface Component {
  readonly record: ComponentRecord;
  /** Resolves when the process has ended, with how. */
  readonly exited: Promise<string>;
  /** Ends the process and its group. */
  stop(): Promise<void>;
}

/** What a supervisor works with. */
export interface SupervisorOptions {
  state: ClusterState;
  /** The cluster's mark; see `instanceVariable`. */
  instance: string;
  /** Whether the components outlive this process. If not, the kernel ends them when it dies, however it dies. */
  detached: boolean;
  /** Path of `setpriv`, by which the kernel is asked for that; without it the next `up` cleans. */
  setpriv?: string;
  signal?: AbortSignal;
}

const pollMs = 50;
const defaultReadyTimeoutMs = 60_000;
const shownLogLines = 20;

/** Starts the processes of one cluster, and records each so that a later process can end it. */
export class Supervisor {
  readonly #options: SupervisorOptions;

  constructor(options: SupervisorOptions) {
    this.#options = options;
  }

  /**
   * Starts a component and waits until it works. Rejects with its last log lines when it ends or its time is up,
   * and with the signal's reason when aborted; the process is ended in both cases.
   */
  async start(spec: ComponentSpec): Promise<Component> {
    this.#options.signal?.throwIfAborted();
    const component = await this.#spawn(spec);
    try {
      await this.#untilReady(spec, component);
      return component;
    } catch (error) {
      await component.stop();
      throw error;
    }
  }

  async #spawn(spec: ComponentSpec): Promise<Component> {
    const { state, instance } = this.#options;
    await state.makeDir("logs");
    const logPath = state.logPath(spec.name);
    const log = await open(logPath, "a", 0o600);
    const [command = "", ...args] = this.#boundToParent([spec.command, ...spec.args]);
    const child = spawn(command, args, {
      cwd: spec.cwd,
      // eslint-disable-next-line no-restricted-properties -- handed on, not read
      env: { ...process.env, ...spec.env, [instanceVariable]: instance },
      stdio: ["ignore", log.fd, log.fd],
      detached: true, // its own group: Ctrl-C does not reach it, and its children end with it
    });
    const exited = exitOf(child);
    child.unref();
    await log.close();
    const identity = child.pid === undefined ? undefined : await identify(child.pid);
    if (identity === undefined) {
      const what = child.pid === undefined ? "did not start" : "ended";
      throw await failure(spec.name, `${what} (${await exited})`, logPath);
    }
    const record: ComponentRecord = {
      name: spec.name,
      process: identity,
      instance,
      port: spec.port,
      logPath,
      graceful: spec.graceful ?? true,
      startedAt: Date.now(),
    };
    await state.recordComponent(record);
    return { record, exited, stop: () => stopComponent(record) };
  }

  #boundToParent(argv: readonly string[]): readonly string[] {
    const { detached, setpriv } = this.#options;
    return detached || setpriv === undefined ? argv : [setpriv, "--pdeathsig", "KILL", "--", ...argv];
  }

  async #untilReady(spec: ComponentSpec, component: Component): Promise<void> {
    const { ready, readyTimeoutMs = defaultReadyTimeoutMs } = spec;
    if (ready === undefined) {
      return;
    }
    const timeout = AbortSignal.timeout(readyTimeoutMs);
    const ended = new AbortController();
    const exit = component.exited.then((how) => {
      ended.abort(how);
    });
    const signal = AbortSignal.any([
      timeout,
      ended.signal,
      ...(this.#options.signal ? [this.#options.signal] : []),
    ]);
    while (!signal.aborted) {
      if (await Promise.race([ready(signal).catch(() => false), exit.then(() => false)])) {
        return;
      }
      await delay(pollMs, undefined, { signal }).catch(() => undefined);
    }
    this.#options.signal?.throwIfAborted();
    const reason = ended.signal.aborted
      ? `ended (${String(ended.signal.reason)})`
      : `was not ready after ${readyTimeoutMs / 1000} s`;
    throw await failure(spec.name, reason, component.record.logPath);
  }
}

function exitOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once("exit", (code, signal) =>
      resolve(signal === null ? `exit code ${String(code)}` : `signal ${signal}`),
    );
    child.once("error", (error) => resolve(error.message));
  });
}

async function failure(name: string, reason: string, logPath: string): Promise<Error> {
  return new Error(`${name} ${reason}; the end of ${logPath}:\n${await lastLines(logPath)}`);
}

async function lastLines(path: string): Promise<string> {
  const text = await readFile(path, "utf8").catch(() => "");
  return text.trimEnd().split("\n").slice(-shownLogLines).join("\n");
}
