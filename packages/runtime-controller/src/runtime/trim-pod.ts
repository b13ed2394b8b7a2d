import type { Pod } from "@datalayer/shared/kube/kinds";
import { amountsOf, sumOf } from "../node-scaling/amounts.ts";

/**
 * Takes out of a cached Pod what no part of the controller reads: of the spec all but the node and what the Pod asks for as a
 * whole, and the status what the node repeats. It halves what thousands of Pods cost. A Pod is never written back as a whole, so
 * nothing is lost.
 */
export function trimPod(pod: Pod): void {
  const { spec, status } = pod;
  if (spec) pod.spec = { containers: [], nodeName: spec.nodeName, resources: { requests: requestsOf(spec) } };
  if (!status) return;
  const { phase, podIP, conditions, containerStatuses, initContainerStatuses } = status;
  pod.status = {
    phase,
    podIP,
    conditions: conditions?.filter(({ type }) => type === "Ready" || type === "PodScheduled"),
    containerStatuses: containerStatuses?.map(trimmed),
    // Those that have done their work say nothing any more.
    initContainerStatuses: initContainerStatuses?.filter(({ ready }) => !ready),
  };
}

type PodSpec = NonNullable<Pod["spec"]>;
type Requests = NonNullable<PodSpec["resources"]>["requests"];

/**
 * What the scheduler finds room for: the containers together, or an init container that takes more. Most Pods have
 * one container that asks for anything, and share its object.
 */
function requestsOf({ resources, containers, initContainers = [] }: PodSpec): Requests {
  if (resources?.requests) return resources.requests;
  const asked = requestsIn(containers);
  const first = requestsIn(initContainers);
  if (asked.length <= 1 && first.length === 0) return asked[0];
  const total = sumOf(asked.map(amountsOf));
  const names = new Set([...asked, ...first].flatMap((one) => Object.keys(one)));
  const most = (name: string): number =>
    Math.max(total[name] ?? 0, ...first.map((one) => amountsOf(one)[name] ?? 0));
  return Object.fromEntries([...names].map((name) => [name, String(most(name))]));
}

function requestsIn(containers: PodSpec["containers"]): Record<string, string>[] {
  return containers.flatMap(({ resources }) => (resources?.requests ? [resources.requests] : []));
}

type ContainerStatus = NonNullable<NonNullable<Pod["status"]>["containerStatuses"]>[number];

function trimmed({ name, ready, restartCount, state, lastState }: ContainerStatus): ContainerStatus {
  return { name, ready, restartCount, state, lastState, image: "", imageID: "" };
}
