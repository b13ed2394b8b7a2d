import type { Pod } from "@datalayer/shared/kube/kinds";

/** What keeps an object from being as it should be. */
export interface Problem {
  /** `Pod datalayer-runtime-controller-5c9-x7b2q`. */
  readonly object: string;
  readonly container?: string;
  /** One CamelCase word: that of Kubernetes where it has one. */
  readonly reason: string;
  /** A sentence, where there is more to say. */
  readonly message: string;
  /** The container has written a log before it ended: the last one tells why. */
  readonly hasCrashed?: boolean;
  /** It passes by itself, unless it lasts. */
  readonly isStarting?: boolean;
}

type PodStatus = NonNullable<Pod["status"]>;
type ContainerStatus = NonNullable<PodStatus["containerStatuses"]>[number];

/** Of a container that waits, what is no problem yet. */
const starting = new Set(["ContainerCreating", "PodInitializing"]);

/** Why a Pod is not ready; undefined when it is, or is going. Pure. */
export function podProblem(pod: Pod): Problem | undefined {
  const { status = {}, metadata } = pod;
  if (metadata.deletionTimestamp || isReady(pod) || status.phase === "Succeeded") return undefined;
  const object = `Pod ${metadata.name}`;
  const problems = [
    ...ended(object, status),
    ...unscheduled(object, status),
    ...containersOf(status).flatMap((container) => containerProblem(object, container)),
  ];
  return problems.find(({ isStarting }) => !isStarting) ?? problems[0] ?? untouched(object);
}

/** Whether a Pod says that it is ready. */
export function isReady({ status }: Pod): boolean {
  return status?.conditions?.some(({ type, status: value }) => type === "Ready" && value === "True") ?? false;
}

function ended(object: string, { phase, reason = "Failed", message = "" }: PodStatus): Problem[] {
  return phase === "Failed" ? [{ object, reason, message: message || "the Pod has ended" }] : [];
}

function unscheduled(object: string, { conditions = [] }: PodStatus): Problem[] {
  return conditions
    .filter(({ type, status }) => type === "PodScheduled" && status === "False")
    .map(({ reason = "Unschedulable", message = "" }) => ({ object, reason, message }));
}

function untouched(object: string): Problem {
  return { object, reason: "Starting", message: "its node has not taken it up yet", isStarting: true };
}

function containersOf({ initContainerStatuses = [], containerStatuses = [] }: PodStatus): ContainerStatus[] {
  return [...initContainerStatuses, ...containerStatuses];
}

function containerProblem(object: string, status: ContainerStatus): Problem[] {
  const { name: container, ready, state = {} } = status;
  const where = { object, container };
  if (state.waiting) return [waiting(where, status, state.waiting)];
  if (state.terminated) {
    const { exitCode, reason = "Error" } = state.terminated;
    return exitCode === 0 ? [] : [{ ...where, reason, message: endOf(status), hasCrashed: true }];
  }
  return ready ? [] : [notReady(where, status)];
}

type Where = Pick<Problem, "object" | "container">;

function waiting(
  where: Where,
  status: ContainerStatus,
  { reason = "Waiting", message = "" }: { reason?: string; message?: string },
): Problem {
  const isStarting = starting.has(reason);
  return { ...where, reason, message: message || endOf(status), hasCrashed: crashed(status), isStarting };
}

function crashed({ restartCount, lastState }: ContainerStatus): boolean {
  return restartCount > 0 || lastState?.terminated !== undefined;
}

function notReady(where: Where, status: ContainerStatus): Problem {
  const hasCrashed = crashed(status);
  const message = hasCrashed ? endOf(status) : "it runs, and its readiness probe does not succeed yet";
  return { ...where, reason: "NotReady", message, hasCrashed, isStarting: !hasCrashed };
}

/** How the container ended last. */
function endOf({ state, lastState, restartCount }: ContainerStatus): string {
  const end = state?.terminated ?? lastState?.terminated;
  if (!end) return "";
  const reason = end.reason && end.reason !== "Error" ? ` (${end.reason})` : "";
  return `it ended with exit code ${end.exitCode}${reason}${timesOf(restartCount)}`;
}

function timesOf(restarts: number): string {
  if (restarts === 0) return "";
  return `, restarted ${restarts === 1 ? "once" : `${restarts} times`}`;
}
