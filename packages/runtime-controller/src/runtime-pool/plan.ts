import { createHash } from "node:crypto";
import type { Runtime } from "../runtime/runtime.ts";
import { sizeOf } from "./counts.ts";
import type { PoolObservation } from "./observation.ts";
import { startFailureOf } from "./start-failure.ts";
import { type Filling, fillingOf } from "./trial.ts";

const surelyYoung = 0.9;

/** Why a warm runtime is removed. */
export type RemovalReason = "Failed" | "TokenKeyLost" | "Outdated" | "Excess";

/** What to write, in this order: states first, because users wait for them. */
export interface PoolPlan {
  /** Runtimes that became ready: they can be assigned from now on. */
  readonly promote: readonly Runtime[];
  /** Runtimes that may not be assigned any more, or not yet again. */
  readonly demote: readonly Runtime[];
  /** Number of runtimes to create of the current revision. */
  readonly create: number;
  /** Number of runtimes to create of the last good revision, while the current one is unknown or on trial. */
  readonly refill: number;
  readonly remove: readonly Removal[];
}

/** A warm runtime to remove, and why. */
export interface Removal {
  readonly runtime: Runtime;
  readonly reason: RemovalReason;
}

/**
 * Decides how a pool gets from what it is to what it should be.
 *
 * A runtime is *fresh* when it is of the revision that fills the pool, young enough and on a node that stays. Fresh
 * ones are created up to the size; others serve until fresh ones have taken their place. A new revision starts on
 * trial, with one canary beside a pool that the last good revision fills; when the canary is available, the new
 * revision fills the pool. While it is not known what the new one is made of, the last good one fills it alone. What is on a silent node counts no more, but is left: it may come back. Assigned
 * runtimes are never touched.
 */
export function planPool(observed: PoolObservation, nowMs: number): PoolPlan {
  const { template, silentNodes, pool } = observed;
  const warm = observed.runtimes.filter(isWarm);
  const broken = warm.flatMap((runtime) => breakageOf(runtime, observed) ?? []);
  const living = without(warm, named(broken));
  const present = living.filter(({ pod }) => !silentNodes.has(pod.spec?.nodeName ?? ""));
  const lasting = present.filter((runtime) => isLasting(runtime, observed, nowMs));
  const filling = fillingOf(observed);
  const isFilled = filling.revision !== undefined;
  const fresh = isFilled ? lasting.filter(({ revision }) => revision === filling.revision) : lasting;
  const canaries = filling.isRecorded
    ? lasting.filter(({ revision }) => revision === template?.revision)
    : [];
  const outdated = without(present, [...fresh, ...canaries]);
  const remove = [
    ...broken,
    ...because("Outdated", outdatedRemovals(observed, fresh, outdated)),
    ...because("Excess", excess(sizeOf(pool), fresh)),
    ...because("Excess", excess(Math.min(sizeOf(pool), 1), canaries)),
  ];
  // A change of state would make the removal stale: what goes is left as it is.
  const staying = without(living, named(remove));
  const missing = isFilled ? creations(observed, { filling, fresh, outdated }) : 0;
  return {
    promote: staying.filter((runtime) => runtime.state === "pending" && isOfferable(runtime, observed)),
    demote: staying.filter((runtime) => runtime.state === "available" && !isServing(runtime, observed)),
    create: filling.isRecorded ? canariesToCreate(observed, canaries) : missing,
    refill: filling.isRecorded ? missing : 0,
    remove,
  };
}

/** Whether the runtime waits for a user, ready or not yet. */
export function isWarm({ state, terminating }: Runtime): boolean {
  return !terminating && (state === "pending" || state === "available");
}

/**
 * What of the plan shows that the next Pod may fare no better, so that it has to wait: a Pod that ended by itself,
 * or one that never served, because it was put on a node that goes. No taint need keep the next one off that node.
 */
export function failuresIn({ remove }: PoolPlan, { leavingNodes }: PoolObservation): readonly Runtime[] {
  const failed = remove.filter(
    ({ reason, runtime: { state, pod } }) =>
      reason === "Failed" || (state === "pending" && leavingNodes.has(pod.spec?.nodeName ?? "")),
  );
  return named(failed);
}

function breakageOf(runtime: Runtime, { keyless }: PoolObservation): Removal | undefined {
  if (runtime.ended) return { runtime, reason: "Failed" };
  return keyless.has(runtime.uid) ? { runtime, reason: "TokenKeyLost" } : undefined;
}

function canariesToCreate(
  { pool, template, backoffMs }: PoolObservation,
  canaries: readonly Runtime[],
): number {
  return template && sizeOf(pool) > 0 && canaries.length === 0 && backoffMs === 0 ? 1 : 0;
}

/** What of the pool decides how many runtimes are created. */
interface Stock {
  filling: Filling;
  fresh: readonly Runtime[];
  outdated: readonly Runtime[];
}

function creations(observed: PoolObservation, { filling, fresh, outdated }: Stock): number {
  const size = sizeOf(observed.pool);
  const missing = size - fresh.length;
  if (missing <= 0 || filling.backoffMs > 0) return 0;
  const isUnproven = !filling.isLastGood && !fresh.some(({ state }) => state === "available");
  if (isUnproven && fresh.some(({ pod }) => startFailureOf(pod))) return 0;
  const serving = outdated.filter((runtime) => serves(runtime, observed));
  // Without a record of the last good revision there is nothing else to fill the pool with meanwhile.
  const rolls = serving.some(({ revision }) => revision !== filling.revision);
  if (rolls && isUnproven) return fresh.length === 0 ? 1 : 0;
  return Math.max(0, Math.min(missing, size + surgeOf(size) - fresh.length - serving.length));
}

/** How many runtimes a roll-out may add to the size for a while. */
function surgeOf(size: number): number {
  return Math.max(1, Math.ceil(size / 4));
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

/**
 * Whether a user who gets the runtime can work in it. What was once offered stays so while its Route has a bad moment:
 * a data plane that restarts must not empty every pool.
 */
function isOfferable(runtime: Runtime, observed: PoolObservation): boolean {
  const { unrouted, waitMs = 0 } = observed.routes ?? {};
  const { waitedMs = Infinity } = unrouted?.get(runtime.uid) ?? {};
  return isServing(runtime, observed) && waitedMs >= waitMs;
}

function isServing({ ready, pod }: Runtime, { leavingNodes, silentNodes }: PoolObservation): boolean {
  const node = pod.spec?.nodeName ?? "";
  return ready && !leavingNodes.has(node) && !silentNodes.has(node);
}

/** Young enough, and on a node that stays. */
function isLasting(runtime: Runtime, observed: PoolObservation, nowMs: number): boolean {
  const { leavingNodes, emptyingNodes, maxLifeMs } = observed;
  const node = runtime.pod.spec?.nodeName ?? "";
  return !leavingNodes.has(node) && !emptyingNodes.has(node) && isYoung(runtime, nowMs, maxLifeMs);
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

function because(reason: RemovalReason, runtimes: readonly Runtime[]): Removal[] {
  return runtimes.map((runtime) => ({ runtime, reason }));
}

function named(removals: readonly Removal[]): Runtime[] {
  return removals.map(({ runtime }) => runtime);
}

function without(runtimes: readonly Runtime[], left: readonly Runtime[]): Runtime[] {
  const out = new Set(left);
  return runtimes.filter((runtime) => !out.has(runtime));
}

function oldestFirst(a: Runtime, b: Runtime): number {
  return a.createdAtMs - b.createdAtMs || (a.ulid < b.ulid ? -1 : 1);
}
