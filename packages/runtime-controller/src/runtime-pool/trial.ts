import type { Runtime } from "../runtime/runtime.ts";
import type { LastGood, PoolObservation } from "./observation.ts";

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

/**
 * The last good revision, where it goes on filling the pool although it is not known what the current one is made
 * of: an image that is not built, a content that is missing. Without an environment nothing does: that was taken away.
 */
export function lastGoodInFault({ fault, lastGood }: PoolObservation): LastGood | undefined {
  return fault && fault.reason !== "EnvironmentNotFound" ? lastGood : undefined;
}

/** What a pool is filled with: the current revision or, while that one is unknown or on trial, the last good one. */
export interface Filling {
  /** Undefined when no Pod can be made. */
  readonly revision: string | undefined;
  /** Its Pods are made of the record; the current revision, if there is one, is tried beside it. */
  readonly isRecorded: boolean;
  /** It has shown before that it works. */
  readonly isLastGood: boolean;
  /** Time until the next Pod of it may be tried. */
  readonly backoffMs: number;
}

/** Decides what the pool is filled with. */
export function fillingOf(observed: PoolObservation): Filling {
  const { template, lastGood, backoffMs } = observed;
  const recorded = isOnTrial(observed) ? lastGood : lastGoodInFault(observed);
  if (recorded) return { ...recorded, isRecorded: true, isLastGood: true };
  const revision = template?.revision;
  return { revision, isRecorded: false, isLastGood: lastGood?.revision === revision, backoffMs };
}

/** Whether the runtime shows that Pods like it work. */
function isProof({ state, ready, terminating }: Runtime): boolean {
  return state === "available" && ready && !terminating;
}
