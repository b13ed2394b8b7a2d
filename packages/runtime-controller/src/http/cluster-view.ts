import type { Node, Pod } from "@datalayer/shared/kube/kinds";
import { z } from "zod";

/** The phases of a Pod. */
export const podPhases = ["Pending", "Running", "Succeeded", "Failed", "Unknown"] as const;

const podView = z
  .object({
    name: z.string(),
    namespace: z.string(),
    phase: z.enum(podPhases),
    unschedulable: z.boolean().describe("No node takes it."),
  })
  .meta({ id: "PodPlace", description: "The Pod of a runtime, warm or assigned." });

const nodeView = z
  .object({
    name: z.string(),
    status: z.enum(["ready", "cordoned", "not_ready"]).describe("In one word."),
    ready: z.boolean().describe("It takes part in the cluster."),
    schedulable: z.boolean().describe("New Pods may come to it."),
  })
  .meta({ id: "Node", description: "A node of the cluster." });

/** Where the runtimes are: the fields of the answer. */
export const clusterState = {
  nodes_with_pods: z.array(z.object({ node: nodeView, pods: z.array(podView) })).describe("Every node."),
  unassigned_pods: z.array(podView).describe("Those that no node has yet, or whose node is gone."),
  node_requests: z
    .array(z.record(z.string(), z.unknown()))
    .describe("What was asked of the cloud. Empty: this version does not scale nodes."),
};

type ClusterState = z.infer<z.ZodObject<typeof clusterState>>;

/** Where Pods are, by node. Nodes and Pods are in the order of their names. */
export function clusterStateOf(nodes: readonly Node[], pods: readonly Pod[]): ClusterState {
  const names = new Set(nodes.map(({ metadata }) => metadata.name));
  const byNode = Map.groupBy(sorted(pods), ({ spec }) => spec?.nodeName ?? "");
  return {
    nodes_with_pods: sorted(nodes).map((node) => ({
      node: nodeViewOf(node),
      pods: (byNode.get(node.metadata.name) ?? []).map(podViewOf),
    })),
    unassigned_pods: sorted(pods)
      .filter(({ spec }) => !names.has(spec?.nodeName ?? ""))
      .map(podViewOf),
    node_requests: [],
  };
}

/** The phase of a Pod; one that no node has seen is pending. */
export function phaseOf({ status }: Pod): (typeof podPhases)[number] {
  return podPhases.find((phase) => phase === status?.phase) ?? "Pending";
}

function sorted<T extends Node | Pod>(objects: readonly T[]): T[] {
  return [...objects].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
}

function nodeViewOf({ metadata, spec, status }: Node): z.infer<typeof nodeView> {
  const ready = status?.conditions?.some((one) => one.type === "Ready" && one.status === "True") ?? false;
  const schedulable = spec?.unschedulable !== true;
  const usable = schedulable ? "ready" : "cordoned";
  return { name: metadata.name, status: ready ? usable : "not_ready", ready, schedulable };
}

function podViewOf(pod: Pod): z.infer<typeof podView> {
  const { name, namespace = "" } = pod.metadata;
  const scheduled = pod.status?.conditions?.find(({ type }) => type === "PodScheduled");
  const unschedulable = scheduled?.status === "False" && scheduled.reason === "Unschedulable";
  return { name, namespace, phase: phaseOf(pod), unschedulable };
}
