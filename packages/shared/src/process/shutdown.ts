import { systemClock, type Clock } from "../clock/clock.ts";
import type { Logger } from "../log/logger.ts";

/**
 * What a process does to end, in this order: it says that it is not ready, finishes what it has begun, gives the
 * lease to a waiting replica, writes out what is buffered. Steps of one phase run at the same time.
 */
export const SHUTDOWN_PHASES = ["unready", "drain", "release", "flush"] as const;
export type ShutdownPhase = (typeof SHUTDOWN_PHASES)[number];

/** One thing to do at the end. */
export interface ShutdownStep {
  phase: ShutdownPhase;
  /** For the log. */
  name: string;
  /** When the next phase begins, done or not, in milliseconds. */
  deadlineMs: number;
  /** The signal aborts at the deadline. */
  run: (signal: AbortSignal) => void | Promise<void>;
}

type Listener = (value: unknown) => void;

/** Where signals and uncaught errors are announced: `process`, or a test's event emitter. */
export interface ProcessEvents {
  on(event: string, listener: Listener): unknown;
  off(event: string, listener: Listener): unknown;
}

/** What a shutdown needs. */
export interface ShutdownOptions {
  log: Logger;
  /** Ends the process: `process.exit`. */
  exit: (code: number) => void;
  clock?: Clock;
}

/** What a shell reports for a process that a signal ended: 128 and the number of the signal. */
const EXIT_CODES = { SIGTERM: 143, SIGINT: 130 } as const;

/**
 * Ends a process gracefully, once. A step that fails or is late is logged and does not stop the others; the exit
 * code is then 1.
 */
export class Shutdown {
  readonly #options: ShutdownOptions;
  readonly #clock: Clock;
  readonly #steps: ShutdownStep[] = [];
  readonly #begun = new AbortController();
  #ended: Promise<void> | undefined;

  constructor(options: ShutdownOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /** Aborts when the shutdown begins: for loops that need no more than to stop. */
  get signal(): AbortSignal {
    return this.#begun.signal;
  }

  /** Adds a step; within a phase the order does not matter. */
  add(step: ShutdownStep): void {
    this.#steps.push(step);
  }

  /** Runs all steps, then exits. Later calls wait for the first and change nothing. */
  begin(reason: string, exitCode = 0): Promise<void> {
    this.#ended ??= this.#run(reason, exitCode);
    return this.#ended;
  }

  /**
   * Ends the process on SIGTERM and SIGINT; a second signal ends it at once. Errors that nobody caught are
   * logged and end it with 1, without steps: in an unknown state the lease must run out rather than be handed
   * over. Warnings are logged. Returns how to stop listening.
   */
  listen(events: ProcessEvents): () => void {
    const listeners: [string, Listener][] = [
      ["SIGTERM", () => this.#onSignal("SIGTERM")],
      ["SIGINT", () => this.#onSignal("SIGINT")],
      ["uncaughtException", (error) => void this.#crash("An error was not caught", error)],
      ["unhandledRejection", (error) => void this.#crash("A rejection was not handled", error)],
      ["warning", (error) => this.#options.log.warn("Node warns", { error })],
    ];
    for (const [event, listener] of listeners) events.on(event, listener);
    return () => {
      for (const [event, listener] of listeners) events.off(event, listener);
    };
  }

  #onSignal(name: keyof typeof EXIT_CODES): void {
    if (this.#ended === undefined) {
      void this.begin(name);
      return;
    }
    this.#options.log.warn("Exiting at once", { reason: `second signal: ${name}` });
    void this.#exit(EXIT_CODES[name]);
  }

  async #crash(message: string, error: unknown): Promise<void> {
    this.#options.log.error(message, { error });
    await this.#exit(1);
  }

  async #run(reason: string, exitCode: number): Promise<void> {
    this.#options.log.info("Shutting down", { reason });
    this.#begun.abort(new Error(`shutting down: ${reason}`));
    let failures = 0;
    for (const phase of SHUTDOWN_PHASES) {
      const steps = this.#steps.filter((step) => step.phase === phase);
      const outcomes = await Promise.all(steps.map((step) => this.#runStep(step)));
      failures += outcomes.filter((succeeded) => !succeeded).length;
    }
    await this.#exit(failures > 0 && exitCode === 0 ? 1 : exitCode);
  }

  async #runStep({ name, phase, deadlineMs, run }: ShutdownStep): Promise<boolean> {
    const late = new AbortController();
    const done = new AbortController();
    const deadline = this.#clock.sleep(deadlineMs, done.signal).then(() => {
      late.abort(new Error(`not done after ${deadlineMs} ms`));
      throw late.signal.reason;
    });
    try {
      await Promise.race([Promise.resolve(late.signal).then(run), deadline]);
      return true;
    } catch (error) {
      this.#options.log.error("A shutdown step failed", { step: name, phase, error });
      return false;
    } finally {
      done.abort();
      // Whoever lost the race must not turn into an unhandled rejection.
      deadline.catch(() => undefined);
    }
  }

  async #exit(code: number): Promise<void> {
    await this.#options.log.flush();
    this.#options.exit(code);
  }
}
