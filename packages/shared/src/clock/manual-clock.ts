import type { Clock } from "./clock.ts";

interface Sleeper {
  dueMs: number;
  wake: () => void;
}

/**
 * A clock for tests: time stands still until {@link ManualClock.advance} moves it.
 *
 * Wall clock and monotonic clock advance together; {@link ManualClock.jump} moves only the wall clock,
 * as an NTP correction does.
 */
export class ManualClock implements Clock {
  #elapsedMs = 0;
  #wallStartMs: number;
  readonly #sleepers = new Set<Sleeper>();

  /** @param startMs wall-clock start in milliseconds since the epoch; 2026-01-01T00:00:00Z by default. */
  constructor(startMs: number = Date.UTC(2026, 0, 1)) {
    this.#wallStartMs = startMs;
  }

  now(): number {
    return this.#wallStartMs + this.#elapsedMs;
  }

  monotonicMs(): number {
    return this.#elapsedMs;
  }

  /** How many sleeps are pending: lets a test see that the code under test has gone to sleep. */
  get sleepers(): number {
    return this.#sleepers.size;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason as Error);
        return;
      }
      const onAbort = (): void => {
        this.#sleepers.delete(sleeper);
        reject(signal?.reason as Error);
      };
      const sleeper: Sleeper = {
        dueMs: this.#elapsedMs + Math.max(0, ms),
        wake: () => {
          this.#sleepers.delete(sleeper);
          signal?.removeEventListener("abort", onAbort);
          resolve();
        },
      };
      signal?.addEventListener("abort", onAbort, { once: true });
      this.#sleepers.add(sleeper);
    });
  }

  /**
   * Moves time forward by `ms`. Wakes sleepers in the order in which they are due, each at its own time, and
   * lets what they start run (and go to sleep again) before the next.
   */
  async advance(ms: number): Promise<void> {
    const endMs = this.#elapsedMs + ms;
    await settleCallbacks();
    for (let next = this.#earliest(endMs); next; next = this.#earliest(endMs)) {
      this.#elapsedMs = Math.max(this.#elapsedMs, next.dueMs);
      next.wake();
      await settleCallbacks();
    }
    this.#elapsedMs = endMs;
  }

  /** Moves time forward without waking anybody: a process that was paused, before its timers run. */
  freeze(ms: number): void {
    this.#elapsedMs += ms;
  }

  /** Moves the wall clock by `ms` (may be negative) without any time passing. */
  jump(ms: number): void {
    this.#wallStartMs += ms;
  }

  #earliest(untilMs: number): Sleeper | undefined {
    let earliest: Sleeper | undefined;
    for (const sleeper of this.#sleepers) {
      if (sleeper.dueMs <= untilMs && (!earliest || sleeper.dueMs < earliest.dueMs)) earliest = sleeper;
    }
    return earliest;
  }
}

/** Runs every promise continuation that is ready, without waiting for time. */
function settleCallbacks(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
