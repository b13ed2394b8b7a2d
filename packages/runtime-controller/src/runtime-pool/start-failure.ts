import type { Pod } from "@datalayer/shared/kube/kinds";

/** Why a Pod does not start; the names are the reasons of the pool's conditions. */
export type StartFailureReason =
  "ImagePullFailed" | "CrashLooping" | "ContainerConfigInvalid" | "InitContainerFailed" | "Unschedulable";

/** A Pod that does not start, and why. */
export interface StartFailure {
  reason: StartFailureReason;
  /** What kubelet or scheduler says, with the Pod's name. */
  message: string;
}

const waitingReasons: Record<string, StartFailureReason> = {
  ErrImagePull: "ImagePullFailed",
  ImagePullBackOff: "ImagePullFailed",
  InvalidImageName: "ImagePullFailed",
  ErrImageNeverPull: "ImagePullFailed",
  ImageInspectError: "ImagePullFailed",
  RegistryUnavailable: "ImagePullFailed",
  CrashLoopBackOff: "CrashLooping",
  RunContainerError: "CrashLooping",
  CreateContainerConfigError: "ContainerConfigInvalid",
  CreateContainerError: "ContainerConfigInvalid",
};

/** Why the Pod does not start; undefined while nothing speaks against it. */
export function startFailureOf(pod: Pod): StartFailure | undefined {
  const { initContainerStatuses = [], containerStatuses = [] } = pod.status ?? {};
  for (const status of initContainerStatuses) {
    const failure = initFailureOf(status) ?? containerFailureOf(status);
    if (failure) return ofContainer(failure, `init container ${status.name}`, pod);
  }
  for (const status of containerStatuses) {
    const failure = containerFailureOf(status);
    if (failure) return ofContainer(failure, `container ${status.name}`, pod);
  }
  return schedulingFailureOf(pod);
}

type ContainerStatus = NonNullable<NonNullable<Pod["status"]>["containerStatuses"]>[number];

/** An init container that failed has said why, and says it until it succeeds: it is tried again and again. */
function initFailureOf({ ready, state, lastState }: ContainerStatus): StartFailure | undefined {
  const ended = state?.terminated ?? lastState?.terminated;
  if (ready || !ended || ended.exitCode === 0) return undefined;
  const message = ended.message?.trim() || `exit code ${ended.exitCode}: ${ended.reason ?? "Error"}`;
  return { reason: "InitContainerFailed", message };
}

function containerFailureOf({ state }: ContainerStatus): StartFailure | undefined {
  const { reason = "", message = "" } = state?.waiting ?? {};
  const known = waitingReasons[reason];
  return known && { reason: known, message: message === "" ? reason : `${reason}: ${message}` };
}

function ofContainer({ reason, message }: StartFailure, container: string, pod: Pod): StartFailure {
  return { reason, message: `${container} of Pod ${pod.metadata.name}: ${message}` };
}

function schedulingFailureOf(pod: Pod): StartFailure | undefined {
  const scheduled = pod.status?.conditions?.find(({ type }) => type === "PodScheduled");
  if (scheduled?.status !== "False" || scheduled.reason !== "Unschedulable") return undefined;
  return {
    reason: "Unschedulable",
    message: `Pod ${pod.metadata.name}: ${scheduled.message ?? "no node fits"}`,
  };
}
