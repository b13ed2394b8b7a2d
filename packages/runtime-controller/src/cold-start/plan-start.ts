import type { EndReason } from "../end-of-life/end-reason.ts";
import { startFailureOf } from "../runtime-pool/start-failure.ts";
import type { Runtime } from "../runtime/runtime.ts";

/** What to do with a runtime that was created for its user and does not serve yet. */
export type StartPlan =
  { kind: "started" } | { kind: "failed"; detail: string } | { kind: "wait"; lookAgainAfterMs: number };

/** The reason of a runtime that is ended because it does not start. */
export const startFailed = "StartFailed" satisfies EndReason;

/** Registries and volumes have bad moments; a node may be on its way for one that cannot be scheduled. */
const graceMs = 30_000;

/** A Route that comes wakes nobody here. */
const routeAgainMs = 1_000;

/** What decides on the start of a runtime beside itself. */
export interface StartTerms {
  /** By when it has to serve, in epoch seconds. */
  deadline: number;
  /** Why a runtime that is ready is held back: its Route does not lead to it. Undefined when it is not. */
  held: string | undefined;
}

/**
 * Decides whether it has started, or does not. What its container reports counts after half a minute; all else,
 * such as that no node fits, only when the time to start is over.
 */
export function planStart(runtime: Runtime, { deadline, held }: StartTerms, nowMs: number): StartPlan {
  const { ready, ended, pod } = runtime;
  const leftMs = deadline * 1000 - nowMs;
  if (ready) return planReady(held, leftMs);
  const failure = startFailureOf(pod);
  const over = ended ? "its Pod has ended" : "it did not become ready in time";
  if (ended || leftMs <= 0) return { kind: "failed", detail: failure?.message ?? over };
  const graceLeftMs = Date.parse(pod.metadata.creationTimestamp) + graceMs - nowMs;
  if (graceLeftMs > 0) return { kind: "wait", lookAgainAfterMs: Math.min(leftMs, graceLeftMs) };
  const isFatal = failure !== undefined && failure.reason !== "Unschedulable";
  return isFatal ? { kind: "failed", detail: failure.message } : { kind: "wait", lookAgainAfterMs: leftMs };
}

function planReady(held: string | undefined, leftMs: number): StartPlan {
  if (held === undefined) return { kind: "started" };
  return leftMs > 0 ? { kind: "wait", lookAgainAfterMs: routeAgainMs } : { kind: "failed", detail: held };
}
