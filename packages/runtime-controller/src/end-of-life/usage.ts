import type { Runtime } from "../runtime/runtime.ts";

/** What one assignment used, from the Pod alone: it can be computed again after any crash. */
export interface Usage {
  podName: string;
  podUid: string;
  userUid: string;
  reservationId?: string;
  environment: string;
  pool: string;
  /** Epoch seconds. */
  startedAt: number;
  /** Epoch seconds. */
  endedAt: number;
  seconds: number;
  credits: number;
}

/** The usage of an assigned runtime whose Pod has ended; undefined when it was never assigned. */
export function usageOf(runtime: Runtime, nowMs: number): Usage | undefined {
  const { assignment, name, uid, environment, pool } = runtime;
  if (!assignment) return undefined;
  const { startedAt, burningRate, userUid, reservationId } = assignment;
  const endedAt = Math.max(startedAt, Math.floor(endOf(runtime, nowMs) / 1000));
  const seconds = endedAt - startedAt;
  return {
    podName: name,
    podUid: uid,
    userUid,
    reservationId,
    environment,
    pool,
    startedAt,
    endedAt,
    seconds,
    credits: seconds * burningRate,
  };
}

/** Whether nothing of the Pod runs any more, or its node had its time to say so. */
export function hasStopped({ pod, ended }: Runtime, nowMs: number): boolean {
  // Kubelet takes the grace period back to 0 when it has seen the containers end.
  if (ended || pod.metadata.deletionGracePeriodSeconds === 0) return true;
  const { containerStatuses = [] } = pod.status ?? {};
  if (containerStatuses.length > 0 && containerStatuses.every(({ state }) => state?.terminated)) return true;
  return nowMs > stopDeadlineMs(pod.metadata.deletionTimestamp);
}

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
