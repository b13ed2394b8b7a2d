/** Bounds of an exponential back-off, in milliseconds. */
export interface BackoffLimits {
  firstMs: number;
  maxMs: number;
}

/**
 * The delay before the next attempt after `failures` failures in a row (1 or more): a random part ("full jitter")
 * of a ceiling that doubles from `firstMs` to `maxMs`, so that keys that failed together do not return together.
 *
 * @param random uniform in [0, 1).
 */
export function backoffMs(failures: number, limits: BackoffLimits, random: () => number): number {
  const doublings = Math.max(0, failures - 1);
  return random() * Math.min(limits.maxMs, limits.firstMs * 2 ** doublings);
}
