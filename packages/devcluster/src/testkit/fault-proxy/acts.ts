/** Where a request waits: before the API server sees it, or with the answer in hand. */
export type Stage = "request" | "reply";

/** Waits a time before passing the request (or the reply) on. */
export interface Delay {
  kind: "delay";
  ms: number;
  stage: Stage;
}

/** Waits until the handle's `release()`. A held write is passed on then, even when its client has given up. */
export interface Hold {
  kind: "hold";
  stage: Stage;
}

/** Answers in place of the API server, which never sees the request. */
export interface Answer {
  kind: "answer";
  status: number;
  /** `reason` of the Status object; default the usual one of the status. */
  reason?: string;
  message?: string;
  /** Value of the Retry-After header; seconds, or any text. */
  retryAfter?: number | string;
  /** Body in place of the Status object, as text/plain. */
  body?: string;
}

/** Resets the connection; the API server never sees the request. */
export interface DropBefore {
  kind: "dropBefore";
}

/** Lets the API server act, then resets the connection in place of the reply. */
export interface DropAfter {
  kind: "dropAfter";
}

/** Resets the connection after half of the reply; on a new watch, after half of the first event. */
export interface ResetMidBody {
  kind: "resetMidBody";
}

/** The stream stays open and delivers nothing until the handle's `release()`; then all that was kept back. */
export interface FreezeWatch {
  kind: "freezeWatch";
}

/** Ends the stream now, orderly as at the server's time limit or by a reset; or by a reset within the next event. */
export interface CutWatch {
  kind: "cutWatch";
  how: "end" | "reset" | "midEvent";
}

/** Puts a line into the stream that is not JSON: the first half of an event. */
export interface GarbleWatch {
  kind: "garbleWatch";
}

/** Sends the ERROR event of an expired resource version (410) and ends the stream. */
export interface ExpireWatch {
  kind: "expireWatch";
}

/** Delivers every event twice. */
export interface DuplicateWatch {
  kind: "duplicateWatch";
}

/** Delivers the last events of the stream once more, now. At most 64; a stream without events is not struck. */
export interface ReplayWatch {
  kind: "replayWatch";
  count: number;
}

/** Delivers every event later by a time, in order. */
export interface DelayWatch {
  kind: "delayWatch";
  ms: number;
}

/** What happens to a single request. */
export type RequestAct = Delay | Hold | Answer | DropBefore | DropAfter;

/** What happens to a watch stream, also to one that is already open. */
export type WatchAct =
  FreezeWatch | CutWatch | GarbleWatch | ExpireWatch | DuplicateWatch | ReplayWatch | DelayWatch;

/** Everything that a rule can do. */
export type Act = RequestAct | ResetMidBody | WatchAct;

/** See {@link Delay}; default stage "request". */
export const delay = (ms: number, stage: Stage = "request"): Delay => ({ kind: "delay", ms, stage });

/** See {@link Hold}; default stage "request". */
export const hold = (stage: Stage = "request"): Hold => ({ kind: "hold", stage });

/** See {@link Answer}. */
export const answer = (status: number, details: Omit<Answer, "kind" | "status"> = {}): Answer => ({
  kind: "answer",
  status,
  ...details,
});

/** See {@link DropBefore}. */
export const dropBefore = (): DropBefore => ({ kind: "dropBefore" });

/** See {@link DropAfter}. */
export const dropAfter = (): DropAfter => ({ kind: "dropAfter" });

/** See {@link ResetMidBody}. */
export const resetMidBody = (): ResetMidBody => ({ kind: "resetMidBody" });

/** See {@link FreezeWatch}. */
export const freezeWatch = (): FreezeWatch => ({ kind: "freezeWatch" });

/** See {@link CutWatch}; default "end". */
export const cutWatch = (how: CutWatch["how"] = "end"): CutWatch => ({ kind: "cutWatch", how });

/** See {@link GarbleWatch}. */
export const garbleWatch = (): GarbleWatch => ({ kind: "garbleWatch" });

/** See {@link ExpireWatch}. For an HTTP 410 on the next watch: `answer(410)` with verb "watch". */
export const expireWatch = (): ExpireWatch => ({ kind: "expireWatch" });

/** See {@link DuplicateWatch}. */
export const duplicateWatch = (): DuplicateWatch => ({ kind: "duplicateWatch" });

/** See {@link ReplayWatch}; default one event. */
export const replayWatch = (count = 1): ReplayWatch => ({ kind: "replayWatch", count });

/** See {@link DelayWatch}. */
export const delayWatch = (ms: number): DelayWatch => ({ kind: "delayWatch", ms });

const watchKinds: ReadonlySet<Act["kind"]> = new Set<WatchAct["kind"]>([
  "freezeWatch",
  "cutWatch",
  "garbleWatch",
  "expireWatch",
  "duplicateWatch",
  "replayWatch",
  "delayWatch",
]);

/** Whether the act is one on watch streams. */
export function isWatchAct(act: Act): act is WatchAct {
  return watchKinds.has(act.kind);
}
