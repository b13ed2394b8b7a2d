import type { NodePlacement } from "../runtime/node-placement.ts";
import { type Taint, type Toleration, tolerates } from "../runtime/toleration.ts";

/** What the scheduler compares with what a Pod asks for. */
export interface NodeTraits {
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly Taint[];
}

type Term = NonNullable<
  NonNullable<
    NonNullable<NodePlacement["affinity"]>["nodeAffinity"]
  >["requiredDuringSchedulingIgnoredDuringExecution"]
>["nodeSelectorTerms"][number];
type Requirement = NonNullable<Term["matchExpressions"]>[number];

/** These come and go with the state of a node; they say nothing of what it is. */
const passingTaints = /^(node\.kubernetes\.io|node\.cloudprovider\.kubernetes\.io)\//;

/** Whether a Pod that is placed so may run on a node like this one, were it empty and ready. */
export function mayRunOn({ nodeSelector, affinity, tolerations }: NodePlacement, node: NodeTraits): boolean {
  const required = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  const isSelected = Object.entries(nodeSelector ?? {}).every(([key, value]) => node.labels[key] === value);
  const terms = required?.nodeSelectorTerms;
  return (
    isSelected &&
    (terms === undefined || terms.some((term) => meets(term, node.labels))) &&
    node.taints.every((taint) => isTolerated(taint, tolerations ?? []))
  );
}

/** A term without expressions selects nothing. Fields name a single node, which a new one is not. */
function meets({ matchExpressions = [], matchFields = [] }: Term, labels: NodeTraits["labels"]): boolean {
  if (matchFields.length > 0 || matchExpressions.length === 0) return false;
  return matchExpressions.every((requirement) => holds(requirement, labels[requirement.key]));
}

function holds({ operator, values = [] }: Requirement, label: string | undefined): boolean {
  switch (operator) {
    case "Exists":
      return label !== undefined;
    case "DoesNotExist":
      return label === undefined;
    case "In":
      return label !== undefined && values.includes(label);
    case "NotIn":
      return label === undefined || !values.includes(label);
    case "Gt":
      return Number(label) > Number(values[0]);
    case "Lt":
      return Number(label) < Number(values[0]);
    default:
      return false;
  }
}

function isTolerated(taint: Taint, tolerations: readonly Toleration[]): boolean {
  if (taint.effect === "PreferNoSchedule" || passingTaints.test(taint.key)) return true;
  return tolerations.some((toleration) => tolerates(toleration, taint));
}
