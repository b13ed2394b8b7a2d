import { imageReason } from "@datalayer/shared/crds/image";
import type { Pod } from "@datalayer/shared/kube/kinds";
import { type BuildFailure, failureOfFetch, failureOfLog } from "./failure.ts";

/** Why the Pod of a build failed. */
export function failureOfPod({ status = {} }: Pod): BuildFailure {
  return disruptionOf(status) ?? failureOfContainers(status);
}

type PodStatus = NonNullable<Pod["status"]>;

/** What was done to the Pod, whatever it did itself. */
function disruptionOf({ reason, message = "", conditions = [] }: PodStatus): BuildFailure | undefined {
  const disrupted = conditions.find(({ type, status }) => type === "DisruptionTarget" && status === "True");
  const cause = disrupted?.reason ?? reason;
  switch (cause) {
    case "NodeLost":
    case "DeletionByTaintManager":
    case "DeletionByPodGC":
      return passingBy(imageReason.nodeLost, "The node of the build was lost.");
    case "Evicted":
    case "TerminationByKubelet":
      return /ephemeral|disk|storage/i.test(`${message} ${disrupted?.message ?? ""}`)
        ? passingBy(imageReason.outOfDisk, "The build used more disk than it may, or than there was.")
        : passingBy(imageReason.evicted, "The build was evicted from its node.");
    case "EvictionByEvictionAPI":
    case "PreemptionByScheduler":
      return passingBy(imageReason.evicted, "The build was evicted from its node.");
    default:
      return undefined;
  }
}

function failureOfContainers({
  containerStatuses = [],
  initContainerStatuses = [],
}: PodStatus): BuildFailure {
  const fetched = initContainerStatuses.find(({ state }) => (state?.terminated?.exitCode ?? 0) !== 0);
  if (fetched) return failureOfFetch(fetched.state?.terminated?.message ?? "");
  const ended = containerStatuses[0]?.state?.terminated;
  if (!ended) return passingBy(imageReason.jobLost, "The Pod of the build ended without having run it.");
  if (ended.reason === "OOMKilled")
    return passingBy(imageReason.outOfMemory, "The build used more memory than it may.");
  if (ended.exitCode === 137 || ended.exitCode === 143)
    return passingBy(imageReason.jobLost, "The build was ended from outside.");
  return failureOfLog(ended.message ?? "");
}

function passingBy(reason: BuildFailure["reason"], message: string): BuildFailure {
  return { reason, message, isPassing: true };
}
