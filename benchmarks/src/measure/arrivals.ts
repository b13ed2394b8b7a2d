/** When a workload sends, and how random it may be. */
export interface ArrivalOptions {
  perSecond: number;
  seconds: number;
  /** Uniform in [0, 1); a fixed sequence makes a schedule repeatable. */
  random: () => number;
}

/**
 * The times of Poisson arrivals, in milliseconds from the start: independent callers, so some come close together.
 * An open loop: the next arrival does not wait for the last answer, as users do not either.
 */
export function poissonArrivals({ perSecond, seconds, random }: ArrivalOptions): number[] {
  const arrivals: number[] = [];
  const meanGapMs = 1000 / perSecond;
  // 1 - random() is never 0, which has no logarithm.
  const gapMs = (): number => Math.log(1 / (1 - random())) * meanGapMs;
  for (let atMs = gapMs(); atMs < seconds * 1000; atMs += gapMs()) arrivals.push(atMs);
  return arrivals;
}

/** A repeatable source of uniform numbers (mulberry32): every run of a bench gets the same arrivals. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
