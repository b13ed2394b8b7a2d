import type { Runtime } from "../runtime/runtime.ts";
import type { PoolObservation } from "./observation.ts";

/**
 * Whether the current revision has still to show that it works, while there is an older one that does. Until then
 * one Pod of it is tried, beside a pool that is kept full of the last good revision: a bad revision costs one Pod,
 * and users none.
 */
export function isOnTrial({ template, lastGood, runtimes }: PoolObservation): boolean {
  if (!template || !lastGood || lastGood.revision === template.revision) return false;
  return !runtimes.some((runtime) => runtime.revision === template.revision && isProof(runtime));
}

/**
 * Whether the current revision has just shown that it works, and is not recorded as the last good one.
 * @param promoted - what is made available now: that a claim takes it at once proves no less.
 */
export function isProven(
  { template, lastGood, runtimes }: PoolObservation,
  promoted: readonly Runtime[],
): boolean {
  if (!template || lastGood?.revision === template.revision) return false;
  return [...runtimes.filter(isProof), ...promoted].some(({ revision }) => revision === template.revision);
}

/** What a pool is filled with: the current revision or, while that one is on trial, the last good one. */
export interface Filling {
  /** Undefined without a template for new Pods. */
  readonly revision: string | undefined;
  /** The current revision is tried beside it. */
  readonly hasTrial: boolean;
  /** It has shown before that it works. */
  readonly isLastGood: boolean;
  /** Time until the next Pod of it may be tried. */
  readonly backoffMs: number;
}

/** Decides what the pool is filled with. */
export function fillingOf(observed: PoolObservation): Filling {
  const { template, lastGood, backoffMs } = observed;
  if (lastGood && isOnTrial(observed)) return { ...lastGood, hasTrial: true, isLastGood: true };
  const revision = template?.revision;
  return { revision, hasTrial: false, isLastGood: lastGood?.revision === revision, backoffMs };
}

/** Whether the runtime shows that Pods like it work. */
function isProof({ state, ready, terminating }: Runtime): boolean {
  return state === "available" && ready && !terminating;
}
