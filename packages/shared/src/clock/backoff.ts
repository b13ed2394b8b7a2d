import type { Clock } from "./clock.ts";

/** Bounds of an exponential back-off, in milliseconds. */
export interface BackoffLimits {
  readonly firstMs: number;
  readonly longestMs: number;
}

/**
 * The delay before the next attempt after `failures` failures in a row (1 or more): anything ("full jitter") up
 * to a limit that doubles from `firstMs` to `longestMs`, so that those who failed together do not return together.
 *
 * @param random uniform in [0, 1).
 */
export function backoffMs(failures: number, limits: BackoffLimits, random: () => number): number {
  const doublings = Math.max(0, failures - 1);
  return random() * Math.min(limits.longestMs, limits.firstMs * 2 ** doublings);
}

/** How long to wait between attempts of something that goes on for ever. */
export interface BackoffOptions extends BackoffLimits {
  /** Without a failure for this time, the next one counts as the first. */
  readonly resetAfterMs: number;
  readonly clock: Clock;
  /** Uniform in [0, 1); `Math.random` by default. */
  readonly random?: () => number;
}

/** A back-off that counts the failures itself, and forgets them after a quiet time. */
export class Backoff {
  readonly #options: BackoffOptions;
  #failures = 0;
  #lastMs = -Infinity;

  constructor(options: BackoffOptions) {
    this.#options = options;
  }

  /** Notes a failure and says how long to wait before the next attempt. */
  nextMs(): number {
    const { resetAfterMs, clock, random = Math.random } = this.#options;
    const nowMs = clock.monotonicMs();
    if (nowMs - this.#lastMs > resetAfterMs) this.#failures = 0;
    this.#failures++;
    const delayMs = backoffMs(this.#failures, this.#options, random);
    // The wait itself is no quiet time, else the longest ones would bring their own reset nearer.
    this.#lastMs = nowMs + delayMs;
    return delayMs;
  }
}
