import type { Runtime } from "../runtime/runtime.ts";
import { creditsUsedUp } from "./end-runtime.ts";
import { superseded } from "./seconds.ts";

/** What is known when the end of an assigned runtime is decided. */
export interface EndingObservation {
  runtime: Runtime;
  /** Another Pod was first to get the same claim key: this one was given to nobody. */
  isSuperseded: boolean;
  /** Its Jupyter server has just said that nobody has used it for as long as its pool allows. */
  isIdle: boolean;
}

/** What to do: end it now, for this reason; look again later; or wait for a change. */
export type Ending = { end: string } | { lookAgainAfterMs?: number };

// The replica that made the claim removes its own surplus; this is for the case that it died.
const supersededGraceMs = 10_000;
const longestTimerMs = 24 * 60 * 60_000;

/** Decides whether an assigned runtime ends. */
export function planEnding({ runtime, isSuperseded, isIdle }: EndingObservation, nowMs: number): Ending {
  const { assignment, ended, end } = runtime;
  if (!assignment) return {};
  if (end) return { end: end.reason };
  if (ended) return { end: "PodEnded" };
  const supersededAtMs = isSuperseded ? assignment.startedAt * 1000 + supersededGraceMs : Infinity;
  const expiresAtMs = (assignment.expiredAt ?? Infinity) * 1000;
  const dueMs = Math.min(supersededAtMs, expiresAtMs);
  if (dueMs <= nowMs) return { end: dueMs === supersededAtMs ? superseded : creditsUsedUp };
  if (isIdle) return { end: "Idle" };
  return dueMs === Infinity ? {} : { lookAgainAfterMs: Math.min(dueMs - nowMs, longestTimerMs) };
}
