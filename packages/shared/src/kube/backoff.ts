import type { Clock } from "../clock/clock.ts";

/** How long to wait between attempts of something that goes on for ever. */
export interface BackoffOptions {
  readonly firstMs: number;
  readonly longestMs: number;
  /** Without a failure for this time, the next one counts as the first. */
  readonly resetAfterMs: number;
  readonly clock: Clock;
  /** A number from 0 up to 1. Default `Math.random`. */
  readonly random?: () => number;
}

/** Exponential back-off with full jitter: each wait is anything up to a limit that doubles. */
export class Backoff {
  readonly #options: BackoffOptions;
  #failures = 0;
  #lastMs = -Infinity;

  constructor(options: BackoffOptions) {
    this.#options = options;
  }

  /** Notes a failure and says how long to wait before the next attempt. */
  nextMs(): number {
    const { firstMs, longestMs, resetAfterMs, clock, random = Math.random } = this.#options;
    const nowMs = clock.monotonicMs();
    if (nowMs - this.#lastMs > resetAfterMs) this.#failures = 0;
    const limitMs = Math.min(longestMs, firstMs * 2 ** this.#failures);
    const delayMs = random() * limitMs;
    this.#failures++;
    // The wait itself is no quiet time, else the longest ones would bring their own reset nearer.
    this.#lastMs = nowMs + delayMs;
    return delayMs;
  }
}
