/** What is known of when a pool has its next runtimes. */
export interface PoolOutlook {
  /** What a runtime of it takes from its creation until it is available, as observed. */
  startMs: number;
  /** Ages of the runtimes that are starting and that nothing hinders. */
  startingAgesMs: readonly number[];
  /** Runtimes that will be created next, as far as nothing hinders the pool. */
  missing: number;
}

const leastMs = 1_000;
const mostMs = 60_000;

/**
 * When a claim that has `ahead` others before it finds a runtime, in milliseconds: what is starting and what will
 * be created, in the order in which it becomes available, goes to one claim each. From one second to one minute;
 * a minute, too, where nothing is under way.
 */
export function availableInMs(pools: readonly PoolOutlook[], ahead: number): number {
  const times = pools.flatMap(arrivals).toSorted((a, b) => a - b);
  const slowestMs = Math.max(0, ...pools.map(({ startMs }) => startMs));
  const arrival = times[ahead % times.length];
  if (arrival === undefined) return mostMs;
  // Those that are served are replaced, which takes one more start for each round.
  const rounds = Math.floor(ahead / times.length);
  return Math.min(mostMs, Math.max(leastMs, arrival + rounds * slowestMs));
}

function arrivals({ startMs, startingAgesMs, missing }: PoolOutlook): number[] {
  // One that takes longer than usual is likely to take longer still.
  const starting = startingAgesMs.map((ageMs) => Math.max(startMs - ageMs, ageMs / 10));
  return [...starting, ...Array.from({ length: missing }, () => startMs)];
}
