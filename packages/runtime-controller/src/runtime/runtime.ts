import type { Pod } from "@datalayer/shared/kube/kinds";
import { ulidOf } from "@datalayer/shared/runtime/names";
import { annotation, jupyterContainer, label } from "./names.ts";
import { isRuntimeState, type RuntimeState } from "./state.ts";

/** What a claim wrote on the Pod. */
export interface Assignment {
  claimId: string;
  /** Hash of the Idempotency-Key; absent when the claim had none. */
  claimKey?: string;
  /** Seal of the claim's body; absent when the claim had no key. */
  bodySeal?: string;
  /** Whether the claim brings a Secret into the runtime. */
  bringsSecret: boolean;
  userUid: string;
  reservationId?: string;
  /** `notebook`, `cell`, `terminal` or `job`. */
  type: string;
  givenName: string;
  /** Epoch seconds. */
  startedAt: number;
  /** Seconds that the runtime served in earlier Pods, before it was paused; absent when there were none. */
  usedSeconds?: number;
  /** Epoch seconds; absent when it has no limit. */
  expiredAt?: number;
  /** Credits per second. */
  burningRate: number;
  /**
   * Epoch seconds by which a runtime that was created for this assignment has to serve. Until it does, its time
   * has not begun; then it is taken away. Never there on one that was warm.
   */
  startDeadline?: number;
}

/** Why a runtime ends, as it is written on its Pod before that is deleted. */
export interface RuntimeEnd {
  /** PascalCase. */
  reason: string;
  /** What the caller gave as the reason. */
  detail?: string;
}

/** The node of a runtime goes. */
export interface NodeDrain {
  /** Epoch seconds at which that was first seen. */
  since: number;
  /** Epoch seconds at which the runtime is ended; absent without a deadline. */
  endsAt?: number;
}

/** A runtime Pod, read once and typed. */
export interface Runtime {
  readonly pod: Pod;
  readonly name: string;
  readonly namespace: string;
  /** The Pod's uid. */
  readonly uid: string;
  /** Epoch milliseconds, by the clock of the API server. */
  readonly createdAtMs: number;
  /** The identity in its name and URL. */
  readonly ulid: string;
  readonly pool: string;
  readonly environment: string;
  readonly revision: string;
  readonly tokenKeyId: string;
  readonly state: RuntimeState;
  readonly terminating: boolean;
  /** The kubelet reports it Ready, it runs, and it has an address. */
  readonly ready: boolean;
  /** The Pod has stopped for good, as after an eviction. */
  readonly ended: boolean;
  readonly restarts: number;
  readonly assignment?: Assignment;
  /** Its end has been decided, if nobody deleted the Pod without a word. */
  readonly end?: RuntimeEnd;
  /** When it was last in use, in epoch seconds, as last written on the Pod. */
  readonly lastActivityAt?: number;
  /** Its node goes; absent while that stays. */
  readonly drain?: NodeDrain;
}

/** A runtime with its assignment. */
export type AssignedRuntime = Runtime & { readonly assignment: Assignment };

/** Whether a user has the runtime. */
export function isAssigned(runtime: Runtime): runtime is AssignedRuntime {
  return runtime.assignment !== undefined;
}

/** Reads a runtime Pod; undefined when the Pod is not one of ours. */
export function parseRuntime(pod: Pod): Runtime | undefined {
  const { metadata } = pod;
  const labels = metadata.labels ?? {};
  const annotations = metadata.annotations ?? {};
  const state = labels[label.state];
  const ulid = ulidOf(metadata.name);
  if (!isRuntimeState(state) || ulid === undefined) return undefined;
  return {
    pod,
    name: metadata.name,
    namespace: metadata.namespace ?? "",
    uid: metadata.uid,
    createdAtMs: Date.parse(metadata.creationTimestamp),
    ulid,
    pool: textAt(annotations, annotation.pool),
    environment: textAt(annotations, annotation.environment),
    revision: textAt(labels, label.revision),
    tokenKeyId: textAt(annotations, annotation.tokenKeyId),
    state,
    terminating: metadata.deletionTimestamp !== undefined,
    ready: isReady(pod),
    ended: pod.status?.phase === "Failed" || pod.status?.phase === "Succeeded",
    restarts: restartsOf(pod),
    assignment: parseAssignment(labels, annotations),
    end: parseEnd(annotations),
    lastActivityAt: numberAt(annotations, annotation.lastActivityAt),
    drain: parseDrain(annotations),
  };
}

type Texts = Record<string, string>;

function textAt(texts: Texts, key: string): string {
  return texts[key] ?? "";
}

function numberAt(texts: Texts, key: string): number | undefined {
  const text = texts[key];
  return text === undefined ? undefined : Number(text);
}

function parseEnd(annotations: Texts): RuntimeEnd | undefined {
  const reason = annotations[annotation.endReason];
  return reason === undefined ? undefined : { reason, detail: annotations[annotation.endDetail] };
}

function parseDrain(annotations: Texts): NodeDrain | undefined {
  const since = numberAt(annotations, annotation.nodeDrainingSince);
  return since === undefined
    ? undefined
    : { since, endsAt: numberAt(annotations, annotation.nodeDrainEndsAt) };
}

function parseAssignment(labels: Texts, annotations: Texts): Assignment | undefined {
  const claimId = annotations[annotation.claimId];
  if (claimId === undefined) return undefined;
  return {
    claimId,
    claimKey: labels[label.claimKey],
    bodySeal: annotations[annotation.bodySeal],
    bringsSecret: annotations[annotation.bringsSecret] !== undefined,
    userUid: textAt(labels, label.userUid),
    reservationId: labels[label.reservationId],
    type: textAt(labels, label.kernelType),
    givenName: textAt(annotations, annotation.givenName),
    startedAt: Number(annotations[annotation.startedAt]),
    usedSeconds: numberAt(annotations, annotation.usedSeconds),
    expiredAt: numberAt(annotations, annotation.expiredAt),
    burningRate: numberAt(annotations, annotation.burningRate) ?? 0,
    startDeadline: numberAt(annotations, annotation.startDeadline),
  };
}

function isReady(pod: Pod): boolean {
  const ready = pod.status?.conditions?.find((condition) => condition.type === "Ready");
  return ready?.status === "True" && pod.status?.phase === "Running" && pod.status.podIP !== undefined;
}

function restartsOf(pod: Pod): number {
  const status = pod.status?.containerStatuses?.find(({ name }) => name === jupyterContainer);
  return status?.restartCount ?? 0;
}
