import type { Assignment, Runtime } from "../runtime/runtime.ts";
import type { EndReason } from "./end-reason.ts";
import type { UsageRecord } from "./usage-record.ts";

/**
 * What one assignment used, from the Pod alone: it can be computed again after any crash. Undefined when the
 * runtime was never assigned.
 */
export function usageOf(runtime: Runtime, nowMs: number): UsageRecord | undefined {
  const { assignment, end } = runtime;
  if (!assignment) return undefined;
  const { startedAt, burningRate } = assignment;
  const endedAt = endedAtOf(runtime, assignment, nowMs);
  const seconds = endedAt - startedAt;
  return {
    id: runtime.uid,
    pod_name: runtime.name,
    uid: runtime.ulid,
    namespace: runtime.namespace,
    environment_name: runtime.environment,
    pool_name: runtime.pool,
    type: assignment.type,
    user_uid: assignment.userUid,
    reservation_id: assignment.reservationId ?? null,
    started_at: String(startedAt),
    ended_at: String(endedAt),
    seconds,
    burning_rate: burningRate,
    credits: seconds * burningRate,
    reason: end?.reason ?? deleted,
    reason_detail: end?.detail ?? null,
  };
}

function endedAtOf(runtime: Runtime, { startedAt, startDeadline }: Assignment, nowMs: number): number {
  // One that never served has cost nothing.
  if (startDeadline !== undefined) return startedAt;
  return Math.max(startedAt, Math.floor(endOf(runtime, nowMs) / 1000));
}

/** Whether nothing of the Pod runs any more, or its node had its time to say so. */
export function hasStopped({ pod, ended }: Runtime, nowMs: number): boolean {
  // Kubelet takes the grace period back to 0 when it has seen the containers end.
  if (ended || pod.metadata.deletionGracePeriodSeconds === 0) return true;
  const { containerStatuses = [] } = pod.status ?? {};
  if (containerStatuses.length > 0 && containerStatuses.every(({ state }) => state?.terminated)) return true;
  return nowMs > stopDeadlineMs(pod.metadata.deletionTimestamp);
}

/** The reason of a runtime whose Pod was deleted, by its user or by anybody else, without another one. */
export const deleted = "Deleted" satisfies EndReason;

const nodeSilenceMs = 20_000;

/** When a Pod that is being deleted counts as stopped even if its node stays silent, in epoch milliseconds. */
export function stopDeadlineMs(deletionTimestamp: string | undefined): number {
  // The deletion timestamp is the end of the grace period, not its start.
  return deletionTimestamp === undefined ? Infinity : Date.parse(deletionTimestamp) + nodeSilenceMs;
}

function endOf({ pod }: Runtime, nowMs: number): number {
  const finished = (pod.status?.containerStatuses ?? []).flatMap(
    ({ state }) => state?.terminated?.finishedAt ?? [],
  );
  const times = finished.map((time) => Date.parse(time));
  if (times.length > 0) return Math.max(...times);
  const { deletionTimestamp } = pod.metadata;
  return deletionTimestamp === undefined ? nowMs : Math.min(nowMs, Date.parse(deletionTimestamp));
}
