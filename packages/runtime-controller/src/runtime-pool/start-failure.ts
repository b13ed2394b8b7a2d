import type { Pod } from "@datalayer/shared/kube/kinds";

/** Why a Pod does not start; the names are the reasons of the pool's conditions. */
export type StartFailureReason =
  "ImagePullFailed" | "CrashLooping" | "ContainerConfigInvalid" | "Unschedulable";

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
  return containerFailureOf(pod) ?? schedulingFailureOf(pod);
}

function containerFailureOf(pod: Pod): StartFailure | undefined {
  for (const { name, state } of pod.status?.containerStatuses ?? []) {
    const { reason = "", message = "" } = state?.waiting ?? {};
    const known = waitingReasons[reason];
    if (known) {
      const said = message === "" ? reason : `${reason}: ${message}`;
      return { reason: known, message: `container ${name} of Pod ${pod.metadata.name}: ${said}` };
    }
  }
  return undefined;
}

function schedulingFailureOf(pod: Pod): StartFailure | undefined {
  const scheduled = pod.status?.conditions?.find(({ type }) => type === "PodScheduled");
  if (scheduled?.status !== "False" || scheduled.reason !== "Unschedulable") return undefined;
  return {
    reason: "Unschedulable",
    message: `Pod ${pod.metadata.name}: ${scheduled.message ?? "no node fits"}`,
  };
}
