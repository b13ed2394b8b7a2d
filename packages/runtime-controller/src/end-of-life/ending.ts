import type { Runtime } from "../runtime/runtime.ts";

/** Why the operator ends an assigned runtime; also the reason of the Event that says so. */
export type EndReason = "CreditsUsedUp" | "PodEnded" | "Superseded";

/** What is known when the end of an assigned runtime is decided. */
export interface EndingObservation {
  runtime: Runtime;
  /** Another Pod was first to get the same claim key: this one was given to nobody. */
  isSuperseded: boolean;
}

/** What to do: end it now, look again later, or wait for a change. */
export type Ending = { end: EndReason } | { lookAgainAfterMs?: number };

// The replica that made the claim removes its own surplus; this is for the case that it died.
const supersededGraceMs = 10_000;
const longestTimerMs = 24 * 60 * 60_000;

/** Decides whether an assigned runtime ends. */
export function planEnding({ runtime, isSuperseded }: EndingObservation, nowMs: number): Ending {
  const { assignment, ended } = runtime;
  if (!assignment) return {};
  if (ended) return { end: "PodEnded" };
  const supersededAtMs = isSuperseded ? assignment.startedAt * 1000 + supersededGraceMs : Infinity;
  const expiresAtMs = (assignment.expiredAt ?? Infinity) * 1000;
  const dueMs = Math.min(supersededAtMs, expiresAtMs);
  if (dueMs <= nowMs) return { end: dueMs === supersededAtMs ? "Superseded" : "CreditsUsedUp" };
  return dueMs === Infinity ? {} : { lookAgainAfterMs: Math.min(dueMs - nowMs, longestTimerMs) };
}
