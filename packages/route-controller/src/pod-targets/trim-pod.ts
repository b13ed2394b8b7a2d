import type { Pod } from "@datalayer/shared/kube/kinds";

/** Takes out of a cached Pod what does not decide on requests: with thousands of Pods that is most of the memory. */
export function trimPod(pod: Pod): void {
  const { spec, status } = pod;
  if (spec) pod.spec = { containers: [], hostNetwork: spec.hostNetwork };
  if (!status) return;
  const { phase, podIP, conditions } = status;
  pod.status = { phase, podIP, conditions: conditions?.filter(({ type }) => type === "Ready") };
}
