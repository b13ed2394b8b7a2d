import { type Amounts, fitsIn, less } from "./amounts.ts";

/** What came of putting loads on nodes. */
export interface Fit {
  /** The loads that found no place. */
  readonly left: readonly Amounts[];
  /** What is free afterwards, node by node, in the order given. */
  readonly free: readonly Amounts[];
}

/** Puts each load on the first node that has room for it, the largest loads first. */
export function firstFit(loads: readonly Amounts[], nodes: readonly Amounts[]): Fit {
  const free = [...nodes];
  const left = largestFirst(loads).filter((load) => {
    const index = free.findIndex((room) => fitsIn(load, room));
    const room = free[index];
    if (!room) return true;
    free[index] = less(room, load);
    return false;
  });
  return { left, free };
}

/**
 * How many nodes of this size take these loads, and what then is free on them. A load that is larger than an empty
 * node is left out: no number of nodes takes it.
 */
export function nodesFor(
  loads: readonly Amounts[],
  size: Amounts,
): { count: number; free: readonly Amounts[] } {
  let free: Amounts[] = [];
  for (const load of largestFirst(loads)) {
    if (!fitsIn(load, size)) continue;
    const { left, free: after } = firstFit([load], free);
    free = left.length > 0 ? [...free, less(size, load)] : [...after];
  }
  return { count: free.length, free };
}

function largestFirst(loads: readonly Amounts[]): Amounts[] {
  return loads.toSorted(
    (a, b) => (b["cpu"] ?? 0) - (a["cpu"] ?? 0) || (b["memory"] ?? 0) - (a["memory"] ?? 0),
  );
}
