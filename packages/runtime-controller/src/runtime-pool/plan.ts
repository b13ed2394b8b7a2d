import { createHash } from "node:crypto";
import type { Runtime } from "../runtime/runtime.ts";
import { sizeOf } from "./counts.ts";
import type { PoolObservation } from "./observation.ts";
import { startFailureOf } from "./start-failure.ts";

const surelyYoung = 0.9;

/** Why a warm runtime is removed. */
export type RemovalReason = "Failed" | "Outdated" | "Excess";

/** What to write, in this order: states first, because users wait for them. */
export interface PoolPlan {
  /** Runtimes that became ready: they can be assigned from now on. */
  readonly promote: readonly Runtime[];
  /** Runtimes that may not be assigned any more, or not yet again. */
  readonly demote: readonly Runtime[];
  /** Number of runtimes to create. */
  readonly create: number;
  readonly remove: readonly { readonly runtime: Runtime; readonly reason: RemovalReason }[];
}

/**
 * Decides how a pool gets from what it is to what it should be.
 *
 * A runtime is *fresh* when it is of the current revision, young enough and on a node that stays. Fresh ones
 * are created up to the size; others serve until fresh ones have taken their place. A new revision starts
 * with one canary: the rest follows when it is available, so a bad one costs one Pod. Assigned runtimes are
 * never touched.
 */
export function planPool(observed: PoolObservation, nowMs: number): PoolPlan {
  const warm = observed.runtimes.filter(isWarm);
  const failed = warm.filter(({ ended }) => ended);
  const living = warm.filter(({ ended }) => !ended);
  const fresh = living.filter((runtime) => isFresh(runtime, observed, nowMs));
  const outdated = without(living, fresh);
  const remove = [
    ...failed.map((runtime) => ({ runtime, reason: "Failed" as const })),
    ...outdatedRemovals(observed, fresh, outdated).map((runtime) => ({
      runtime,
      reason: "Outdated" as const,
    })),
    ...excess(sizeOf(observed.pool), fresh).map((runtime) => ({ runtime, reason: "Excess" as const })),
  ];
  // A change of state would make the removal stale: what goes is left as it is.
  const staying = without(
    living,
    remove.map(({ runtime }) => runtime),
  );
  return {
    promote: staying.filter(({ state, ready }) => state === "pending" && ready),
    demote: staying.filter((runtime) => runtime.state === "available" && !isServing(runtime, observed)),
    create: observed.template ? creations(observed, fresh, outdated) : 0,
    remove,
  };
}

/** Whether the runtime waits for a user, ready or not yet. */
export function isWarm({ state, terminating }: Runtime): boolean {
  return !terminating && (state === "pending" || state === "available");
}

function creations(
  observed: PoolObservation,
  fresh: readonly Runtime[],
  outdated: readonly Runtime[],
): number {
  const size = sizeOf(observed.pool);
  const missing = size - fresh.length;
  if (missing <= 0 || observed.backoffMs > 0) return 0;
  if (isUnproven(fresh) && fresh.some(({ pod }) => startFailureOf(pod))) return 0;
  const serving = outdated.filter((runtime) => serves(runtime, observed));
  const rolls = serving.some(({ revision }) => revision !== observed.template?.revision);
  if (rolls && isUnproven(fresh)) return fresh.length === 0 ? 1 : 0;
  const surge = Math.max(1, Math.ceil(size / 4));
  return Math.max(0, Math.min(missing, size + surge - fresh.length - serving.length));
}

/** No runtime of the revision has become available yet. */
function isUnproven(fresh: readonly Runtime[]): boolean {
  return !fresh.some(({ state }) => state === "available");
}

function outdatedRemovals(
  observed: PoolObservation,
  fresh: readonly Runtime[],
  outdated: readonly Runtime[],
): readonly Runtime[] {
  const serving = outdated.filter((runtime) => serves(runtime, observed));
  const available = fresh.filter((runtime) => serves(runtime, observed)).length + serving.length;
  const spare = Math.max(0, available - sizeOf(observed.pool));
  return [...without(outdated, serving), ...serving.toSorted(oldestFirst).slice(0, spare)];
}

/** Beyond the size: those go first that are furthest from serving; of the starting ones the youngest, of the others the oldest. */
function excess(size: number, fresh: readonly Runtime[]): readonly Runtime[] {
  if (fresh.length <= size) return [];
  const leaving = fresh.toSorted((a, b) => {
    const byAge = a.state === "pending" ? oldestFirst(b, a) : oldestFirst(a, b);
    return closeness(a) - closeness(b) || byAge;
  });
  return leaving.slice(0, fresh.length - size);
}

/** How close a runtime is to serving a claim: the state follows readiness, and may be behind it. */
function closeness({ state, ready }: Runtime): number {
  return (ready ? 2 : 0) + (state === "available" ? 1 : 0);
}

function serves(runtime: Runtime, observed: PoolObservation): boolean {
  return runtime.state === "available" && isServing(runtime, observed);
}

function isServing(runtime: Runtime, { cordonedNodes }: PoolObservation): boolean {
  return runtime.ready && !cordonedNodes.has(runtime.pod.spec?.nodeName ?? "");
}

function isFresh(runtime: Runtime, observed: PoolObservation, nowMs: number): boolean {
  const { template, cordonedNodes, maxLifeMs } = observed;
  if (template && runtime.revision !== template.revision) return false;
  if (cordonedNodes.has(runtime.pod.spec?.nodeName ?? "")) return false;
  return isYoung(runtime, nowMs, maxLifeMs);
}

// Pods that were created together must not be replaced together: each lives 90 to 100 % of the maximum.
function isYoung({ createdAtMs, uid }: Runtime, nowMs: number, maxLifeMs: number): boolean {
  const ageMs = nowMs - createdAtMs;
  return ageMs < maxLifeMs * surelyYoung || ageMs < maxLifeMs * (1 - fractionOf(uid) * (1 - surelyYoung));
}

/** Uniform in [0, 1), and always the same for the same uid. */
function fractionOf(uid: string): number {
  return createHash("sha256").update(uid).digest().readUInt32BE() / 2 ** 32;
}

function without(runtimes: readonly Runtime[], left: readonly Runtime[]): Runtime[] {
  const out = new Set(left);
  return runtimes.filter((runtime) => !out.has(runtime));
}

function oldestFirst(a: Runtime, b: Runtime): number {
  return a.createdAtMs - b.createdAtMs || (a.ulid < b.ulid ? -1 : 1);
}
