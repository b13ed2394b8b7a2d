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
