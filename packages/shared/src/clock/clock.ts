import { setTimeout as delay } from "node:timers/promises";

/** The passing of time, injected so that tests decide it and never sleep. */
export interface Clock {
  /** Wall-clock time in milliseconds since the Unix epoch; may jump. For timestamps that others read. */
  now(): number;
  /** Milliseconds from an arbitrary start; never jumps. For every duration and deadline. */
  monotonicMs(): number;
  /** Resolves after `ms` milliseconds; rejects with the signal's reason when it aborts first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** The clock of the machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: async (ms, signal) => {
    signal?.throwIfAborted();
    try {
      await delay(ms, undefined, { signal });
    } catch (error) {
      throw signal?.aborted ? signal.reason : error;
    }
  },
};
