import type { Node, Pod } from "@datalayer/shared/kube/kinds";
import { z } from "zod";
import { activeCommands, type ScalingState } from "../node-scaling/state.ts";
import { scalingFields, scalingViewOf } from "./scaling-view.ts";

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
    status: z
      .enum(["ready", "cordoned", "not_ready", "pending_scale_up", "pending_scale_down"])
      .describe("In one word; pending_scale_up is a machine that is to become a node."),
    ready: z.boolean().describe("It takes part in the cluster."),
    schedulable: z.boolean().describe("New Pods may come to it."),
  })
  .meta({ id: "Node", description: "A node of the cluster." });

/** Where the runtimes are: the fields of the answer. */
export const clusterState = {
  nodes_with_pods: z.array(z.object({ node: nodeView, pods: z.array(podView) })).describe("Every node."),
  unassigned_pods: z.array(podView).describe("Those that no node has yet, or whose node is gone."),
  ...scalingFields,
};

type ClusterState = z.infer<z.ZodObject<typeof clusterState>>;

/** Where Pods are, by node. Nodes and Pods are in the order of their names; machines that become nodes come last. */
export function clusterStateOf(
  nodes: readonly Node[],
  pods: readonly Pod[],
  { state, nowMs }: { state: ScalingState; nowMs: number },
): ClusterState {
  const leaving = namesOfLeaving(state);
  const names = new Set(nodes.map(({ metadata }) => metadata.name));
  const byNode = Map.groupBy(sorted(pods), ({ spec }) => spec?.nodeName ?? "");
  return {
    nodes_with_pods: [
      ...sorted(nodes).map((node) => ({
        node: nodeViewOf(node, leaving.has(node.metadata.name)),
        pods: (byNode.get(node.metadata.name) ?? []).map(podViewOf),
      })),
      ...comingMachines(state).map((name) => ({ node: comingNode(name), pods: [] })),
    ],
    unassigned_pods: sorted(pods)
      .filter(({ spec }) => !names.has(spec?.nodeName ?? ""))
      .map(podViewOf),
    ...scalingViewOf(state, nowMs),
  };
}

/** The phase of a Pod; one that no node has seen is pending. */
export function phaseOf({ status }: Pod): (typeof podPhases)[number] {
  return podPhases.find((phase) => phase === status?.phase) ?? "Pending";
}

function sorted<T extends Node | Pod>(objects: readonly T[]): T[] {
  return [...objects].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
}

/** The nodes that are to be removed. */
function namesOfLeaving(state: ScalingState): Set<string> {
  const downs = activeCommands(state).filter(
    (one) => one.operation === "scale_down" && one.phase !== "restoring",
  );
  return new Set(downs.flatMap((one) => (one.operation === "scale_down" && one.node ? [one.node.name] : [])));
}

/** Machines that are to become nodes: those that the cloud has made, by their ids, and those that it is asked for. */
function comingMachines(state: ScalingState): string[] {
  const ups = activeCommands(state).filter((one) => one.operation === "scale_up");
  const asked = ups
    .filter(({ phase }) => phase === "requested")
    .flatMap(({ id, from, target }) =>
      Array.from({ length: target - from }, (_, index) => `${id}-${index + 1}`),
    );
  const made = ups.some(({ phase }) => phase === "provisioning") ? Object.keys(state.unjoined) : [];
  return [...made.sort(), ...asked];
}

function comingNode(name: string): z.infer<typeof nodeView> {
  return { name, status: "pending_scale_up", ready: false, schedulable: false };
}

function nodeViewOf({ metadata, spec, status }: Node, isLeaving: boolean): z.infer<typeof nodeView> {
  const ready = status?.conditions?.some((one) => one.type === "Ready" && one.status === "True") ?? false;
  const schedulable = spec?.unschedulable !== true;
  const usable = schedulable ? "ready" : "cordoned";
  const plain = ready ? usable : "not_ready";
  return { name: metadata.name, status: isLeaving ? "pending_scale_down" : plain, ready, schedulable };
}

function podViewOf(pod: Pod): z.infer<typeof podView> {
  const { name, namespace = "" } = pod.metadata;
  const scheduled = pod.status?.conditions?.find(({ type }) => type === "PodScheduled");
  const unschedulable = scheduled?.status === "False" && scheduled.reason === "Unschedulable";
  return { name, namespace, phase: phaseOf(pod), unschedulable };
}
