import type { RuntimePoolSpec } from "@datalayer/shared/crds/runtime-pool";

/** A toleration, as in a Pod. */
export type Toleration = NonNullable<RuntimePoolSpec["tolerations"]>[number];

/** A taint, as far as it matters here. */
export interface Taint {
  readonly key: string;
  readonly value?: string;
  readonly effect: string;
}

/** Taints by which Kubernetes keeps new Pods off nodes that are drained, and off those that are silent. */
const keepingOff: readonly Taint[] = ["unschedulable", "not-ready", "unreachable"].map((name) => ({
  key: `node.kubernetes.io/${name}`,
  effect: "NoSchedule",
}));

/** Whether the toleration holds for the taint; what it leaves out, it takes as it comes. */
export function tolerates(
  { key, operator = "Equal", value = "", effect }: Toleration,
  taint: Taint,
): boolean {
  const isMeant = key ? key === taint.key : operator === "Exists";
  const isOfEffect = !effect || effect === taint.effect;
  return isMeant && isOfEffect && (operator === "Exists" || value === (taint.value ?? ""));
}

/**
 * What is wrong with the tolerations of a pool; undefined when nothing is. With one that lets Pods onto nodes that
 * go or are silent, those that are removed there, or count no more, would be created there again without end.
 */
export function tolerationFaultOf({ tolerations = [] }: RuntimePoolSpec): string | undefined {
  for (const [index, toleration] of tolerations.entries()) {
    const taint = keepingOff.find((one) => tolerates(toleration, one));
    if (taint)
      return (
        `spec.tolerations[${index}]: ${JSON.stringify(toleration)} tolerates ${taint.key}:${taint.effect}, which ` +
        `keeps runtimes off nodes that go or are silent; expected one with the key of the taint that is meant.`
      );
  }
  return undefined;
}
