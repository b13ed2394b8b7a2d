import { isDeepStrictEqual } from "node:util";
import type { JsonPatchOperation } from "../kube/json-patch.ts";
import type { KubeObject } from "../kube/object.ts";
import {
  conditionsAfter,
  conditionsAfterError,
  RECONCILE_FAILED,
  type Condition,
  type Observation,
  type ReportedCondition,
} from "./conditions.ts";
import type { EventNote } from "./events.ts";
import type { Outcome } from "./outcome.ts";

/** The part of a status that every kind of ours has. */
export interface CommonStatus {
  /** The generation of the spec that the last complete reconcile saw. */
  observedGeneration?: number;
  conditions?: Condition[];
}

/** An object with a status of ours. */
export type WithStatus = KubeObject & { status?: CommonStatus };

/** What a complete reconcile found. */
export interface Finding {
  /** The fields of the status beside conditions and generation; unchanged when absent. */
  status?: object;
  /** Beside the summary of the outcome; those not named keep their value. */
  conditions?: readonly ReportedCondition[];
  outcome: Outcome;
}

/** The status after a complete reconcile. */
export function statusAfter(object: WithStatus, finding: Finding, nowMs: number): CommonStatus {
  const before = object.status ?? {};
  const { outcome, conditions: reported } = finding;
  const conditions = conditionsAfter(
    before.conditions ?? [],
    { outcome, reported },
    observation(object, nowMs),
  );
  const { generation } = object.metadata;
  return asJson({
    ...(finding.status ?? before),
    ...(generation !== undefined && { observedGeneration: generation }),
    conditions,
  });
}

/** The status after a reconcile that threw: only conditions move, what was found before still stands. */
export function statusAfterError(
  object: WithStatus,
  failure: { message: string; failures: number },
  nowMs: number,
): CommonStatus {
  const before = object.status ?? {};
  return asJson({
    ...before,
    conditions: conditionsAfterError(before.conditions ?? [], failure, observation(object, nowMs)),
  });
}

/**
 * The patch of `/status` that makes it `status`; undefined when it is that already. It fails with 409 when the
 * object is no longer the one that was reconciled.
 */
export function statusPatch(object: WithStatus, status: CommonStatus): JsonPatchOperation[] | undefined {
  if (isDeepStrictEqual(object.status, status)) return undefined;
  return [
    { op: "replace", path: "/metadata/resourceVersion", value: object.metadata.resourceVersion },
    { op: "add", path: "/status", value: status },
  ];
}

const SUMMARY = ["Ready", "Reconciling", "Stalled"];

/** One Event for each reason that is new among the conditions: Events tell of transitions, not of every pass. */
export function transitionEvents(before: CommonStatus | undefined, after: CommonStatus): EventNote[] {
  const oldReasons = new Map(before?.conditions?.map(({ type, reason }) => [type, reason]));
  const conditions = after.conditions ?? [];
  const isTroubled = conditions.some(tellsOfTrouble);
  const notes = new Map<string, EventNote>();
  for (const { type, status, reason, message } of conditions) {
    if (oldReasons.get(type) === reason || notes.has(reason)) continue;
    const warns = SUMMARY.includes(type) ? isTroubled : status === "False";
    notes.set(reason, { type: warns ? "Warning" : "Normal", reason, note: message });
  }
  return [...notes.values()];
}

/** Whether a condition alone says that something is wrong, rather than under way. */
function tellsOfTrouble({ type, status, reason }: Condition): boolean {
  return status === "True" && (type === "Stalled" || (type === "Reconciling" && reason === RECONCILE_FAILED));
}

function observation(object: KubeObject, nowMs: number): Observation {
  const { generation } = object.metadata;
  return generation === undefined ? { nowMs } : { nowMs, generation };
}

/** As the API server would return it: without `undefined`, which would look like a change every time. */
function asJson(status: CommonStatus): CommonStatus {
  return JSON.parse(JSON.stringify(status)) as CommonStatus;
}
