import type { Condition } from "../crds/conditions.ts";
import type { Outcome } from "./outcome.ts";

export type { Condition };

/** A condition as a controller reports it; the loop adds generation and transition time. */
export type ReportedCondition = Pick<Condition, "type" | "status" | "reason" | "message">;

/** When, and for which generation of the spec, conditions were found. */
export interface Observation {
  /** Wall clock, milliseconds since the epoch. */
  nowMs: number;
  generation?: number;
}

/** An error in a row this long also shows in `Ready`; shorter ones only in `Reconciling`. */
export const FAILURES_UNTIL_NOT_READY = 5;

/** Reason of a condition whose cause is an error thrown by a reconcile. */
export const RECONCILE_FAILED = "ReconcileFailed";

/** Reason of the summary when nothing is left to do. */
export const SETTLED = "Settled";

/** The API server refuses nothing below 32 kB, but a status is read by people. */
const MAX_MESSAGE_LENGTH = 1024;

/** The condition of this type, if present. */
export function findCondition(conditions: readonly Condition[], type: string): Condition | undefined {
  return conditions.find((condition) => condition.type === type);
}

/** Whether the condition of this type is present and `True`. */
export function isTrue(conditions: readonly Condition[], type: string): boolean {
  return findCondition(conditions, type)?.status === "True";
}

/**
 * The list with one condition set. Order is kept, a new type goes last, and the transition time
 * is kept while the status is the same.
 */
export function setCondition(
  conditions: readonly Condition[],
  reported: ReportedCondition,
  observation: Observation,
): Condition[] {
  const before = findCondition(conditions, reported.type);
  const { type, status, reason } = reported;
  const next: Condition = {
    type,
    status,
    reason,
    message: reported.message.slice(0, MAX_MESSAGE_LENGTH),
    ...(observation.generation !== undefined && { observedGeneration: observation.generation }),
    lastTransitionTime: before?.status === status ? before.lastTransitionTime : timestamp(observation.nowMs),
  };
  return before
    ? conditions.map((condition) => (condition === before ? next : condition))
    : [...conditions, next];
}

/**
 * The conditions after a reconcile: those it reported, and the kstatus summary of its outcome.
 *
 * Types it did not report keep their old value (what was not observed has not changed). When it reports
 * `Ready`, `Reconciling` or `Stalled` itself, its word stands.
 */
export function conditionsAfter(
  before: readonly Condition[],
  result: { outcome: Outcome; reported?: readonly ReportedCondition[] },
  observation: Observation,
): Condition[] {
  const reported = result.reported ?? [];
  const summary = summarise(result.outcome).filter(({ type }) => !reported.some((own) => own.type === type));
  return [...summary, ...reported].reduce<Condition[]>(
    (conditions, condition) => setCondition(conditions, condition, observation),
    [...before],
  );
}

/**
 * The conditions after a reconcile that threw: `Reconciling` with the error, and `Ready` as it was
 * until {@link FAILURES_UNTIL_NOT_READY} failures in a row, because most errors pass unnoticed.
 *
 * @param failures in a row, this one included.
 */
export function conditionsAfterError(
  before: readonly Condition[],
  failure: { message: string; failures: number },
  observation: Observation,
): Condition[] {
  const because = { reason: RECONCILE_FAILED, message: failure.message };
  const failed: ReportedCondition[] = [
    { type: "Reconciling", status: "True", ...because },
    { type: "Stalled", status: "False", ...because },
  ];
  if (failure.failures >= FAILURES_UNTIL_NOT_READY)
    failed.unshift({ type: "Ready", status: "False", ...because });
  else if (!findCondition(before, "Ready")) failed.unshift({ type: "Ready", status: "Unknown", ...because });
  return failed.reduce<Condition[]>(
    (conditions, condition) => setCondition(conditions, condition, observation),
    [...before],
  );
}

/** `Ready`, `Reconciling` and `Stalled` as kstatus defines them; the three share reason and message. */
function summarise(outcome: Outcome): ReportedCondition[] {
  switch (outcome.kind) {
    case "settled":
      return summary("True", "False", "False", { reason: SETTLED, message: "The desired state is reached." });
    case "waiting":
      return summary("False", "True", "False", outcome);
    case "stalled":
      return summary("False", "False", "True", outcome);
  }
}

type Status = Condition["status"];

function summary(
  ready: Status,
  reconciling: Status,
  stalled: Status,
  { reason, message }: { reason: string; message: string },
): ReportedCondition[] {
  return [
    { type: "Ready", status: ready, reason, message },
    { type: "Reconciling", status: reconciling, reason, message },
    { type: "Stalled", status: stalled, reason, message },
  ];
}

/** Whole seconds, as `metav1.Time` stores them: a fraction would be lost and look like a change. */
function timestamp(nowMs: number): string {
  return new Date(nowMs).toISOString().replace(/\.\d+Z$/, "Z");
}
