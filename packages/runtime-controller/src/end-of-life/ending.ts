import type { Assignment, Runtime } from "../runtime/runtime.ts";
import type { EndReason } from "./end-reason.ts";
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
  if (ended) return { end: "PodEnded" satisfies EndReason };
  const due = firstDue(runtime, isSuperseded ? assignment.startedAt * 1000 + supersededGraceMs : Infinity);
  if (due.atMs <= nowMs) return { end: due.end };
  if (isIdle) return { end: "Idle" satisfies EndReason };
  return due.atMs === Infinity ? {} : { lookAgainAfterMs: Math.min(due.atMs - nowMs, longestTimerMs) };
}

interface Due {
  atMs: number;
  end: EndReason;
}

/** What ends the runtime first, as far as that is known now. */
function firstDue({ assignment, drain }: Runtime, supersededAtMs: number): Due {
  const dues: Due[] = [
    { atMs: supersededAtMs, end: superseded },
    { atMs: expiryMs(assignment), end: creditsUsedUp },
    { atMs: (drain?.endsAt ?? Infinity) * 1000, end: "NodeDrained" },
  ];
  return dues.reduce((first, one) => (one.atMs < first.atMs ? one : first));
}

/** The time of one that does not serve yet has not begun. */
function expiryMs({ startDeadline, expiredAt = Infinity }: Partial<Assignment> = {}): number {
  return startDeadline === undefined ? expiredAt * 1000 : Infinity;
}
