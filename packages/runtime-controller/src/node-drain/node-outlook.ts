import type { Node } from "@datalayer/shared/kube/kinds";
import { emptyingAnnotation } from "../node-scaling/node-role.ts";

/** What is to be expected of a node. */
export type NodeOutlook =
  | { kind: "staying" }
  /** It is to be removed once it is empty: warm runtimes move before they are missed, and users keep theirs. */
  | { kind: "emptying"; because: string }
  /** It goes on purpose: nothing new is to start there, and what runs there has to end. */
  | { kind: "leaving"; because: string }
  /** Nobody hears from it: what runs there may be lost, or come back. */
  | { kind: "silent"; because: string };

/**
 * Taints by which those who remove nodes say so: the Cluster Autoscaler, Karpenter (the second is its spelling before
 * v1), the AWS Node Termination Handler, GKE, AKS and cloud providers. A mere candidate of the Cluster Autoscaler,
 * `DeletionCandidateOfClusterAutoscaler`, may stay after all.
 */
const leavingTaints: ReadonlySet<string> = new Set([
  "ToBeDeletedByClusterAutoscaler",
  "karpenter.sh/disrupted",
  "karpenter.sh/disruption",
  "aws-node-termination-handler/spot-itn",
  "aws-node-termination-handler/asg-lifecycle-termination",
  "aws-node-termination-handler/scheduled-maintenance",
  "aws-node-termination-handler/rebalance-recommendation",
  "cloud.google.com/impending-node-termination",
  "remediator.kubernetes.azure.com/unschedulable",
  "cloudprovider.azure.microsoft.com/draining",
  "node.cloudprovider.kubernetes.io/shutdown",
  "node.kubernetes.io/out-of-service",
]);

/** Conditions that AKS sets when the cloud announces the end of a machine. */
const leavingConditions: ReadonlySet<string> = new Set([
  "PreemptScheduled",
  "TerminateScheduled",
  "RedeployScheduled",
]);

/** Says what is to be expected of a node. The reason names what shows it, for people. */
export function outlookOf(node: Node): NodeOutlook {
  const ready = node.status?.conditions?.find(({ type }) => type === "Ready");
  if (ready && ready.status !== "True")
    return { kind: "silent", because: `its condition Ready is ${ready.status}` };
  const because = departureOf(node);
  if (because !== undefined) return { kind: "leaving", because };
  if (!node.spec?.unschedulable) return { kind: "staying" };
  const isScaledDown = node.metadata.annotations?.[emptyingAnnotation] !== undefined;
  return isScaledDown
    ? { kind: "emptying", because: "it is scaled down" }
    : { kind: "leaving", because: "it is cordoned" };
}

/** What shows that the node is taken away; undefined when nothing does. */
function departureOf({ metadata, spec, status }: Node): string | undefined {
  if (metadata.deletionTimestamp) return "it is being deleted";
  const taint = spec?.taints?.find(({ key }) => leavingTaints.has(key));
  if (taint) return `it has the taint ${taint.key}`;
  const announced = status?.conditions?.find(
    (one) => one.status === "True" && leavingConditions.has(one.type),
  );
  return announced && `it has the condition ${announced.type}`;
}
