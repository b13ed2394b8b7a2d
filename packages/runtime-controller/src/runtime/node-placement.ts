import type { RuntimePoolSpec } from "@datalayer/shared/crds/runtime-pool";

type Affinity = NonNullable<RuntimePoolSpec["affinity"]>;
type NodeSelector = NonNullable<
  NonNullable<Affinity["nodeAffinity"]>["requiredDuringSchedulingIgnoredDuringExecution"]
>;
type Term = NodeSelector["nodeSelectorTerms"][number];
type Requirement = NonNullable<Term["matchExpressions"]>[number];

/** The part of a Pod's spec that says where it may run. */
export type NodePlacement = Pick<RuntimePoolSpec, "nodeSelector" | "affinity" | "tolerations">;

/** Nodes say which processor they have in one of two ways: this label with its name, or one label per processor. */
const byValue = "node.datalayer.io/xpu";
const byKeyPrefix = "xpu.datalayer.io/";

/**
 * Where the runtimes of a pool may run. A pool that asks for a processor by one of the two published spellings,
 * `node.datalayer.io/xpu=cpu` and `xpu.datalayer.io/cpu=true`, also fits nodes that are labelled with the other.
 *
 * A nodeSelector cannot say "or", so what it asks of processors becomes alternatives of the required node
 * affinity. Preferences are left as they are: they keep no node out.
 */
export function nodePlacementOf({ nodeSelector, affinity, tolerations }: RuntimePoolSpec): NodePlacement {
  const selected = Object.entries(nodeSelector ?? {});
  const moved = selected
    .filter(([key]) => isProcessor(key))
    .map(([key, value]): Requirement => ({ key, operator: "In", values: [value] }));
  const required = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  const terms = required?.nodeSelectorTerms ?? (moved.length > 0 ? [{}] : undefined);
  if (!terms) return { nodeSelector, affinity, tolerations };
  const kept = selected.filter(([key]) => !isProcessor(key));
  return {
    nodeSelector: kept.length > 0 ? Object.fromEntries(kept) : undefined,
    affinity: requiring(
      terms.flatMap((term) => spellings(withRequirements(term, moved))),
      affinity,
    ),
    tolerations,
  };
}

function requiring(nodeSelectorTerms: Term[], affinity: Affinity | undefined): Affinity {
  const requiredDuringSchedulingIgnoredDuringExecution = { nodeSelectorTerms };
  return {
    ...affinity,
    nodeAffinity: { ...affinity?.nodeAffinity, requiredDuringSchedulingIgnoredDuringExecution },
  };
}

function withRequirements(term: Term, more: readonly Requirement[]): Term {
  if (more.length === 0) return term;
  return { ...term, matchExpressions: [...(term.matchExpressions ?? []), ...more] };
}

/** The term in every spelling; alternatives multiply where it speaks of processors more than once. */
function spellings(term: Term): Term[] {
  const { matchExpressions = [] } = term;
  if (!matchExpressions.some(({ key }) => isProcessor(key))) return [term];
  const alternatives = matchExpressions.reduce<Requirement[][]>(
    (before, requirement) =>
      before.flatMap((left) => alternativesOf(requirement).map((right) => [...left, ...right])),
    [[]],
  );
  return alternatives.map((expressions) => ({ ...term, matchExpressions: expressions }));
}

/** Lists of requirements, of which a node must meet one list as a whole. */
function alternativesOf(requirement: Requirement): Requirement[][] {
  const others = otherSpelling(requirement);
  // What must not be labelled one way must not be labelled the other way either.
  if (excludes(requirement)) return [[requirement, ...others]];
  return [[requirement], ...others.map((other) => [other])];
}

function otherSpelling(requirement: Requirement): Requirement[] {
  const { key, operator, values = [] } = requirement;
  if (key === byValue) {
    if (operator !== "In" && operator !== "NotIn") return [];
    return values.map((name) => ({ key: `${byKeyPrefix}${name}`, operator, values: ["true"] }));
  }
  if (!key.startsWith(byKeyPrefix)) return [];
  const isAboutPresence = operator === "Exists" || operator === "DoesNotExist";
  if (!isAboutPresence && !values.includes("true")) return [];
  const name = key.slice(byKeyPrefix.length);
  return [{ key: byValue, operator: excludes(requirement) ? "NotIn" : "In", values: [name] }];
}

function excludes({ operator }: Requirement): boolean {
  return operator === "NotIn" || operator === "DoesNotExist";
}

function isProcessor(key: string): boolean {
  return key === byValue || key.startsWith(byKeyPrefix);
}
