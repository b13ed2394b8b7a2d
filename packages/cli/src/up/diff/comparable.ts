import type { KubeObject } from "@datalayer/shared/kube/object";

/** An object as it is compared: without what the API server counts and keeps, and without secrets. */
export type Comparable = Record<string, unknown>;

const serverFields = [
  "managedFields",
  "generation",
  "resourceVersion",
  "uid",
  "creationTimestamp",
  "selfLink",
];
/** Holds the whole object again, secrets included. */
const lastApplied = "kubectl.kubernetes.io/last-applied-configuration";

/**
 * Makes two states of an object comparable; undefined stands for one that is not there. Of the entries of Secrets
 * only whether they change is left. Pure.
 */
export function comparable(
  before: KubeObject | undefined,
  after: KubeObject | undefined,
): [Comparable | undefined, Comparable | undefined] {
  const [from, to] = [before && plain(before), after && plain(after)];
  for (const field of ["data", "stringData"]) {
    if ((before ?? after)?.kind === "Secret") maskEntries(entriesOf(from, field), entriesOf(to, field));
  }
  return [from, to];
}

function plain(object: KubeObject): Comparable {
  const copy = structuredClone(object) as unknown as Comparable & { metadata: Record<string, unknown> };
  delete copy["status"];
  for (const field of serverFields) Reflect.deleteProperty(copy.metadata, field);
  const annotations = copy.metadata["annotations"];
  if (annotations) Reflect.deleteProperty(annotations, lastApplied);
  return copy;
}

function entriesOf(object: Comparable | undefined, field: string): Record<string, unknown> {
  return (object?.[field] ?? {}) as Record<string, unknown>;
}

function maskEntries(from: Record<string, unknown>, to: Record<string, unknown>): void {
  for (const key of new Set([...Object.keys(from), ...Object.keys(to)])) {
    const changes = key in from && key in to && from[key] !== to[key];
    if (key in from) from[key] = changes ? "*** (before)" : "***";
    if (key in to) to[key] = changes ? "*** (after)" : "***";
  }
}
