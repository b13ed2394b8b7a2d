import { imageReason } from "@datalayer/shared/crds/image";
import type { Pod } from "@datalayer/shared/kube/kinds";
import { type BuildFailure, failureOfFetch, failureOfLog } from "./failure.ts";

/** Why the Pod of a build failed. */
export function failureOfPod({ status = {} }: Pod): BuildFailure {
  if (status.reason === "DeadlineExceeded") return timedOut;
  return disruptionOf(status) ?? failureOfContainers(status);
}

/**
 * Why the Pod of a build that has not ended by its Job is going to fail, where it says so. It is gone as soon as its Job
 * counts it, and then says nothing any more.
 */
export function foreseenFailure({ status = {}, ...pod }: Pod): BuildFailure | undefined {
  return status.phase === "Failed" ? failureOfPod({ status, ...pod }) : disruptionOf(status);
}

/** Its time was over. */
export const timedOut: BuildFailure = {
  reason: imageReason.timedOut,
  message: "The build took longer than spec.build.timeout.",
  isPassing: false,
};

type PodStatus = NonNullable<Pod["status"]>;

/** What kubelet says when it is disk that is short. */
const disk = /ephemeral|disk|storage|emptydir/i;

/** What was done to a Pod: how its status, or its condition DisruptionTarget, calls it. */
const disruptions: Readonly<Record<string, "lost" | "evicted" | "by kubelet">> = {
  NodeLost: "lost",
  DeletionByTaintManager: "lost",
  DeletionByPodGC: "lost",
  Evicted: "by kubelet",
  TerminationByKubelet: "by kubelet",
  EvictionByEvictionAPI: "evicted",
  PreemptionByScheduler: "evicted",
};

/** Whatever it did itself. */
function disruptionOf({ reason = "", message, conditions = [] }: PodStatus): BuildFailure | undefined {
  const disrupted = conditions.find(isDisruption);
  const cause = disruptions[disrupted?.reason ?? reason];
  if (cause === undefined) return undefined;
  if (cause === "lost") return passingBy(imageReason.nodeLost, "The node of the build was lost.");
  const isOfDisk = cause === "by kubelet" && disk.test([message, disrupted?.message].join(" "));
  return isOfDisk
    ? passingBy(imageReason.outOfDisk, "The build used more disk than it may, or than there was.")
    : passingBy(imageReason.evicted, "The build was evicted from its node.");
}

function isDisruption({ type, status }: { type: string; status: string }): boolean {
  return type === "DisruptionTarget" && status === "True";
}

function failureOfContainers({
  containerStatuses = [],
  initContainerStatuses = [],
}: PodStatus): BuildFailure {
  const fetched = initContainerStatuses.map(endOf).find((end) => end !== undefined && end.exitCode !== 0);
  if (fetched) return failureOfFetch(fetched.message ?? "");
  const [ended] = containerStatuses.map(endOf);
  return ended
    ? failureOfEnd(ended)
    : passingBy(imageReason.jobLost, "The Pod of the build ended without having run it.");
}

type ContainerStatus = NonNullable<PodStatus["containerStatuses"]>[number];
type ContainerEnd = NonNullable<NonNullable<ContainerStatus["state"]>["terminated"]>;

function endOf({ state }: ContainerStatus): ContainerEnd | undefined {
  return state?.terminated;
}

function failureOfEnd({ reason, exitCode, message = "" }: ContainerEnd): BuildFailure {
  if (reason === "OOMKilled")
    return passingBy(imageReason.outOfMemory, "The build used more memory than it may.");
  const isBySignal = exitCode === 137 || exitCode === 143;
  if (isBySignal) return passingBy(imageReason.jobLost, "The build was ended from outside.");
  return failureOfLog(message);
}

function passingBy(reason: BuildFailure["reason"], message: string): BuildFailure {
  return { reason, message, isPassing: true };
}
