import { imageReason } from "@datalayer/shared/crds/image";
import type { Job, Pod } from "@datalayer/shared/kube/kinds";
import { annotation } from "../image/names.ts";
import { parseRepository, type RepositoryName } from "../registry/reference.ts";
import type { BuildFailure } from "./failure.ts";
import { failureOfPod, foreseenFailure, timedOut } from "./pod-failure.ts";

/** How far a build has come. */
export type BuildState =
  /**
   * `startedAt`: when its container began, if it has; `leavingAt`: when its Pod is to be gone, if it is being deleted;
   * `waitsFor`: what keeps it from going on; `foreseen`: why its Pod fails, before its Job says that it has ended.
   */
  | { kind: "running"; startedAt?: string; leavingAt?: string; waitsFor?: string; foreseen?: PodEnd }
  /** The digest that it says to have pushed; undefined when its Pod is gone. */
  | { kind: "succeeded"; digest: string | undefined; startedAt?: string; finishedAt: string }
  /** `isPodGone`: more was known of its end while its Pod was there. */
  | ({ kind: "failed"; startedAt?: string; finishedAt: string; isPodGone: boolean } & PodEnd);

/** Why it failed, and what it said last. */
export type PodEnd = BuildFailure & { log: string };

/** One attempt: a Job, and what its Pods say. */
export interface Build {
  name: string;
  namespace: string;
  uid: string;
  /** Hash of its inputs. */
  hash: string;
  /** Counted from 1 for these inputs. */
  attempt: number;
  repository: RepositoryName;
  createdAt: string;
  /** Whether the Job is being deleted. */
  isGoing: boolean;
  state: BuildState;
}

const heldUpAfterMs = 600_000;
const digestForm = /^sha256:[0-9a-f]{64}$/;

/** Reads a Job and its Pods. Undefined when it is none of ours: its annotations do not say what it builds. */
export function parseBuild(job: Job, pods: readonly Pod[]): Build | undefined {
  const { name, namespace = "", uid, annotations = {}, creationTimestamp, deletionTimestamp } = job.metadata;
  const hash = annotations[annotation.inputsHash];
  const attempt = Number(annotations[annotation.attempt]);
  const repository = parseRepository(annotations[annotation.repository] ?? "");
  if (hash === undefined || !Number.isSafeInteger(attempt) || !repository) return undefined;
  return {
    name,
    namespace,
    uid,
    hash,
    attempt,
    repository,
    createdAt: creationTimestamp,
    isGoing: deletionTimestamp !== undefined,
    state: stateOf(job, newestOf(pods)),
  };
}

/**
 * Whether it does nothing, and may do nothing for long: it has not begun by now, or its node does not say that its Pod
 * has ended.
 */
export function isHeldUp({ createdAt, state }: Build, nowMs: number): boolean {
  if (state.kind !== "running") return false;
  const since = state.leavingAt ?? (state.startedAt === undefined ? createdAt : undefined);
  return since !== undefined && nowMs - Date.parse(since) > heldUpAfterMs;
}

function newestOf(pods: readonly Pod[]): Pod | undefined {
  return pods.toSorted((a, b) => (a.metadata.creationTimestamp < b.metadata.creationTimestamp ? 1 : -1))[0];
}

/**
 * A failure by the Job alone: it has ended when no Pod of it runs any more, and may still push. A Pod that has ended with
 * its digest has pushed, and is the only one: its Job says so a second or two later.
 */
function stateOf(job: Job, pod: Pod | undefined): BuildState {
  const ended = (job.status?.conditions ?? []).find(
    ({ type, status }) => status === "True" && (type === "Complete" || type === "Failed"),
  );
  const started = startOf(pod);
  const success = successOf(pod);
  if (!ended)
    return (
      success ?? { kind: "running", ...started, ...leavingOf(pod), ...waitOf(job, pod), ...foreseenOf(pod) }
    );
  const finishedAt = ended.lastTransitionTime ?? job.metadata.creationTimestamp;
  if (ended.type === "Complete")
    return success ?? { kind: "succeeded", digest: pod && digestOf(pod), ...started, finishedAt };
  const failure = failureOf(ended.reason, pod);
  return { kind: "failed", ...failure, log: logOf(pod), isPodGone: !pod, ...started, finishedAt };
}

function successOf(pod: Pod | undefined): BuildState | undefined {
  const digest = pod?.status?.phase === "Succeeded" ? digestOf(pod) : undefined;
  const finishedAt = buildContainerOf(pod)?.terminated?.finishedAt;
  if (digest === undefined || finishedAt === undefined) return undefined;
  return { kind: "succeeded", digest, ...startOf(pod), finishedAt };
}

function failureOf(reason: string | undefined, pod: Pod | undefined): BuildFailure {
  if (reason === "DeadlineExceeded") return timedOut;
  if (pod) return failureOfPod(pod);
  return { reason: imageReason.jobLost, message: "The Pod of the build is gone.", isPassing: true };
}

function buildContainerOf(pod: Pod | undefined) {
  return pod?.status?.containerStatuses?.[0]?.state;
}

function startOf(pod: Pod | undefined): { startedAt?: string } {
  const { running, terminated } = buildContainerOf(pod) ?? {};
  const startedAt = running?.startedAt ?? terminated?.startedAt;
  return startedAt === undefined ? {} : { startedAt };
}

function digestOf(pod: Pod): string | undefined {
  const message = buildContainerOf(pod)?.terminated?.message?.trim() ?? "";
  return digestForm.test(message) ? message : undefined;
}

function foreseenOf(pod: Pod | undefined): { foreseen?: PodEnd } {
  const failure = pod && foreseenFailure(pod);
  return failure ? { foreseen: { ...failure, log: logOf(pod) } } : {};
}

function logOf(pod: Pod | undefined): string {
  const failed = statesOf(pod?.status).find(({ terminated }) => (terminated?.exitCode ?? 0) !== 0);
  return failed?.terminated?.message ?? "";
}

function leavingOf(pod: Pod | undefined): { leavingAt?: string } {
  const leavingAt = pod?.metadata.deletionTimestamp;
  return leavingAt === undefined ? {} : { leavingAt };
}

/** Why it does not go on, where somebody may have to do something. */
function waitOf(job: Job, pod: Pod | undefined): { waitsFor?: string } {
  const waitsFor = pod ? waitOfPod(pod) : waitForPod(job);
  return waitsFor === undefined ? {} : { waitsFor };
}

function waitForPod({ metadata, status }: Job): string | undefined {
  const mayLack = status?.startTime !== undefined && !status.active;
  return mayLack ? `a Pod: if it gets none, the Events of the Job "${metadata.name}" say why.` : undefined;
}

function waitOfPod({ metadata, spec, status }: Pod): string | undefined {
  if (metadata.deletionTimestamp !== undefined)
    return `the end of its Pod on "${spec?.nodeName ?? ""}", which is being deleted.`;
  const scheduled = status?.conditions?.find(({ type }) => type === "PodScheduled");
  if (scheduled?.status === "False") return scheduled.message ?? "a node";
  return waitOfContainers(status);
}

function waitOfContainers(status: Pod["status"]): string | undefined {
  const waiting = statesOf(status).find((state) => state.waiting?.message !== undefined)?.waiting;
  return waiting && [waiting.reason, waiting.message].filter(Boolean).join(": ");
}

/** Of all its containers, in the order in which they run. */
function statesOf({ initContainerStatuses = [], containerStatuses = [] }: NonNullable<Pod["status"]> = {}) {
  return [...initContainerStatuses, ...containerStatuses].flatMap(({ state }) => state ?? []);
}
