const NUMERIC = /^(0|[1-9]\d*)$/;

/**
 * Tells whether a resourceVersion can be put in order. All that etcd stores can, as integers of any length
 * (KEP-5504); those of some aggregated API servers cannot.
 */
export function isOrdered(resourceVersion: string): boolean {
  return NUMERIC.test(resourceVersion);
}

/** Tells whether the state at `seen` includes the write that made `written`. Both must be ordered. */
export function hasReached(seen: string, written: string): boolean {
  if (seen.length !== written.length) return seen.length > written.length;
  return seen >= written;
}

/**
 * Where a watch that has seen `seen` is after an event at `next`: an event that a proxy or a server delivers once
 * more does not bring it back. What cannot be ordered is taken for later.
 */
export function later(seen: string, next: string): string {
  return isOrdered(seen) && isOrdered(next) && hasReached(seen, next) ? seen : next;
}
