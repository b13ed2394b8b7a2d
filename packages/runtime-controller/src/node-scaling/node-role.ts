/** The label of nodes that take runtimes. */
export const runtimeRole = { key: "role.datalayer.io/runtime", value: "true" } as const;

/** What says on a node that it is to be removed once it is empty: whose command that is, and its id. */
export const emptyingAnnotation = "node-scaling.datalayer.io/emptied-for";

/** The value of that annotation. There may be more than one operator in a cluster, each with commands of its own. */
export function emptyingValue(owner: string, commandId: string): string {
  return `${owner}/${commandId}`;
}

/** The id of the command of this operator; undefined where it is of none, or of another one. */
export function emptyingCommandOf(value: string | undefined, owner: string): string | undefined {
  const prefix = emptyingValue(owner, "");
  return value?.startsWith(prefix) ? value.slice(prefix.length) : undefined;
}

/** By these others say that a node is not to be removed: as the Cluster Autoscaler and Karpenter have it. */
export const keepingAnnotations = [
  "cluster-autoscaler.kubernetes.io/scale-down-disabled",
  "karpenter.sh/do-not-disrupt",
] as const;
