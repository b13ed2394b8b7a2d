/** The label of nodes that take runtimes. */
export const runtimeRole = { key: "role.datalayer.io/runtime", value: "true" } as const;

/** What says on a node that it is to be removed once it is empty: the id of the command. */
export const emptyingAnnotation = "node-scaling.datalayer.io/emptied-for";

/** By these others say that a node is not to be removed: as the Cluster Autoscaler and Karpenter have it. */
export const keepingAnnotations = [
  "cluster-autoscaler.kubernetes.io/scale-down-disabled",
  "karpenter.sh/do-not-disrupt",
] as const;
