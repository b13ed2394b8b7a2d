/** How a set of durations is distributed, in milliseconds; what is counted but has no value is `null`. */
export interface Summary {
  count: number;
  p50: number | null;
  p90: number | null;
  p99: number | null;
  max: number | null;
}

/**
 * The value below or at which `percent` of the values lie (nearest rank, so always one that was measured);
 * undefined when there are none.
 */
export function percentile(values: readonly number[], percent: number): number | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  const rank = Math.ceil((percent / 100) * sorted.length);
  return sorted[Math.max(0, rank - 1)];
}

/** Describes durations. One that never ended is `Infinity`, which shows as `null` where a percentile meets it. */
export function summarise(durationsMs: readonly number[]): Summary {
  const at = (percent: number): number | null => finite(percentile(durationsMs, percent));
  return { count: durationsMs.length, p50: at(50), p90: at(90), p99: at(99), max: at(100) };
}

/** The middle value. @throws Error when there are none. */
export function median(values: readonly number[]): number {
  const middle = percentile(values, 50);
  if (middle === undefined) throw new Error("there are no values to take the median of");
  return middle;
}

/** Rounds to two decimals: more would only claim a precision that no run has. */
export function round(value: number): number {
  return Math.round(value * 100) / 100;
}

function finite(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? round(value) : null;
}
