import type { Administrator } from "./administrator.ts";

/** An object of any kind, as far as it tells itself from others and says what it hangs on. */
interface Listed {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; uid?: string; ownerReferences?: { uid: string }[] };
}

/** Every object of a cluster at some time, by what it is called: `v1/Secret a-namespace/a-name`. */
export type Inventory = ReadonlyMap<string, Listed>;

/** What comes and goes without anybody's doing, or is made of another object of the list. */
const passing = /^(events(\.events\.k8s\.io)?|apiservices\.apiregistration\.k8s\.io|componentstatuses)$/;

/** What Kubernetes puts into every namespace. */
const inEveryNamespace = /^v1\/(ServiceAccount \S+\/default|ConfigMap \S+\/kube-root-ca\.crt)$/;

/** Reads every object of every kind that the cluster knows by now, in all namespaces and in none. */
export async function takeInventory(admin: Administrator): Promise<Inventory> {
  const known = await admin.kubectl(["api-resources", "--verbs=list", "--output=name"]);
  const kinds = known.split("\n").filter((kind) => !passing.test(kind));
  const lists = await admin.kubectl(["get", kinds.join(","), "--all-namespaces", "--output=json"]);
  const { items } = JSON.parse(lists) as { items: Listed[] };
  return new Map(items.map((object) => [nameOf(object), object]));
}

/**
 * The names of what is in one inventory and not in the one before it. What belongs to another object that is there goes
 * with that one, and is left out; what belongs to an object that is gone is not.
 */
export function addedSince(before: Inventory, after: Inventory): string[] {
  const living = new Set([...after.values()].map(({ metadata }) => metadata.uid));
  const isOwned = ({ metadata }: Listed): boolean =>
    metadata.ownerReferences?.some(({ uid }) => living.has(uid)) ?? false;
  return [...after]
    .filter(([name, object]) => !before.has(name) && !inEveryNamespace.test(name) && !isOwned(object))
    .map(([name]) => name)
    .toSorted();
}

function nameOf({ apiVersion, kind, metadata: { namespace, name } }: Listed): string {
  return `${apiVersion}/${kind} ${namespace === undefined ? name : `${namespace}/${name}`}`;
}
