/** What a Jupyter server says of its use. Times are by its own clock, which may be wrong: only differences count. */
export interface ServerAnswer {
  /** When it answered. */
  nowMs: number;
  /** The last request, kernel message, or input or output of a terminal. */
  lastActivityMs: number;
  /** A kernel is busy, or somebody is connected to one. */
  inUse: boolean;
}

/** What is known of the use of a runtime. Its own times are monotonic ones of this process. */
export interface Observation {
  /** Idle time counts from here at the earliest. */
  countedFromMs: number;
  /** When the server was last asked. */
  askedAtMs?: number;
  /** The last answer, with the time at which it came; absent when the last question had none. */
  answer?: ServerAnswer & { atMs: number };
}

/** A clock that was set, and not one that drifts. */
const clockStepMs = 5_000;

/**
 * What is known after the server was asked.
 *
 * Two clocks are never compared: the server's own says for how long nothing was done, and this process's
 * monotonic one for how long the runtime has been somebody's. A server whose clock was set meanwhile counts as
 * used at that moment.
 * @param answer - undefined when there was none.
 */
export function observed(
  previous: Observation,
  answer: ServerAnswer | undefined,
  nowMs: number,
): Observation {
  const { countedFromMs } = previous;
  if (!answer) return { countedFromMs, askedAtMs: nowMs };
  const wasSet = previous.answer !== undefined && isStepped(previous.answer, answer, nowMs);
  return {
    countedFromMs: wasSet ? nowMs : countedFromMs,
    askedAtMs: nowMs,
    answer: { ...answer, atMs: nowMs },
  };
}

function isStepped(before: ServerAnswer & { atMs: number }, answer: ServerAnswer, nowMs: number): boolean {
  const byServerMs = answer.nowMs - before.nowMs;
  const byUsMs = nowMs - before.atMs;
  return Math.abs(byServerMs - byUsMs) > clockStepMs;
}

/** For how long nobody had used the runtime when it was last asked; undefined when that is not known. */
export function idleMsOf({ answer, countedFromMs }: Observation): number | undefined {
  if (!answer) return undefined;
  if (answer.inUse) return 0;
  // A runtime that was warm for long has been idle for long, but not as long as somebody's.
  return Math.max(0, Math.min(answer.nowMs - answer.lastActivityMs, answer.atMs - countedFromMs));
}

const shortestIntervalMs = 5_000;
const longestIntervalMs = 300_000;
const unansweredIntervalMs = 30_000;
const freshMs = 10_000;

/**
 * How long until the server has to be asked again. Four times in the idle time that its pool allows, at most every
 * five seconds and at least every five minutes, and at the moment when that time may be over.
 */
export function askAgainAfterMs(observation: Observation, cullMs: number, nowMs: number): number {
  const intervalMs = Math.min(longestIntervalMs, Math.max(shortestIntervalMs, cullMs / 4));
  return Math.max(0, dueMs(observation, cullMs, intervalMs) - nowMs);
}

function dueMs(observation: Observation, cullMs: number, intervalMs: number): number {
  const { askedAtMs, countedFromMs } = observation;
  if (askedAtMs === undefined) return countedFromMs + Math.min(intervalMs, cullMs);
  const idleMs = idleMsOf(observation);
  if (idleMs === undefined) return askedAtMs + Math.max(intervalMs, unansweredIntervalMs);
  return askedAtMs + Math.min(intervalMs, Math.max(1_000, cullMs - idleMs));
}

/** Whether the server has just said that nobody has used the runtime for that long. What is not known is not idle. */
export function isIdleFor(observation: Observation, cullMs: number, nowMs: number): boolean {
  const { askedAtMs = -Infinity } = observation;
  const idleMs = idleMsOf(observation);
  return idleMs !== undefined && idleMs >= cullMs && nowMs - askedAtMs <= freshMs;
}

const notedEverySeconds = 600;

/**
 * The time of the last use to write on the Pod, in epoch seconds; undefined when what is written is not ten minutes
 * behind, or nothing is known. So a short life has no such write, and a long one at most one in ten minutes.
 * @param times - in epoch seconds: now, when the runtime was assigned, and what is written.
 */
export function activityToNote(
  { answer }: Observation,
  { now, startedAt, noted = startedAt }: { now: number; startedAt: number; noted?: number },
): number | undefined {
  if (!answer) return undefined;
  const idleSeconds = answer.inUse ? 0 : Math.max(0, answer.nowMs - answer.lastActivityMs) / 1000;
  const lastActivityAt = Math.floor(now - idleSeconds);
  return lastActivityAt - noted >= notedEverySeconds ? lastActivityAt : undefined;
}
