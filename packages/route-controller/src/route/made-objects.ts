import { ApiError } from "@datalayer/shared/kube/api-error";
import { carries } from "@datalayer/shared/kube/intent";
import type { Kind, KubeObject, Manifest } from "@datalayer/shared/kube/object";
import type { ObjectReader } from "@datalayer/shared/kube/object-reader";
import type { RestClient } from "@datalayer/shared/kube/rest";
import { routeOf } from "./names.ts";
import type { RoutePlan } from "./plan.ts";

const byRoute = "made-of-route";

/** The index of a cache of objects that Routes are made into: by the uid of the Route. */
export const madeIndexes = {
  [byRoute]: (object: KubeObject): string[] => {
    const route = routeOf(object);
    return route ? [route.uid] : [];
  },
};

/** A cache of a kind that may not be served. */
export type OptionalReader<T extends KubeObject> = ObjectReader<T> & {
  readonly isServed: boolean;
  onServed(handler: () => void): void;
};

/** A kind of object that Routes are made into, and the cache of it, with `madeIndexes`. */
export interface MadeKind {
  kind: Kind;
  informer: OptionalReader<KubeObject>;
}

/** Pairs a kind with its cache. */
export function madeKind<T extends KubeObject>(kind: Kind<T>, informer: OptionalReader<T>): MadeKind {
  return { kind, informer };
}

/** Everything that was made of a Route. */
export function madeOf(uid: string, kinds: readonly MadeKind[]): KubeObject[] {
  return kinds.flatMap(({ informer }) => informer.byIndex(byRoute, uid));
}

/**
 * Writes what a plan says: new objects before what they take the place of goes, so that a Route is served all the
 * time. Every write can be lost or repeated: names follow from UIDs, and what is left over is found by its owner.
 *
 * @returns what there is of the Route now, in the order of the plan.
 * @throws Error when an object of that name is not of the Route's making.
 */
export async function carryOut(
  plan: RoutePlan,
  { uid, kinds, kube }: { uid: string; kinds: readonly MadeKind[]; kube: RestClient },
): Promise<KubeObject[]> {
  const made: KubeObject[] = [];
  for (const manifest of plan.apply) {
    const { kind, informer } = cacheOf(manifest.kind, kinds);
    const existing = informer.get(manifest.metadata);
    if (existing && routeOf(existing)?.uid !== uid) throw new Error(taken(manifest));
    if (existing && carries(existing, manifest)) {
      made.push(existing);
      continue;
    }
    // Without force where none is known: what somebody else has just made is not overwritten.
    const written = await kube.apply(kind, manifest, { force: existing !== undefined });
    informer.recordWrite(written);
    made.push(written);
  }
  for (const object of plan.remove) {
    const { kind, informer } = cacheOf(object.kind, kinds);
    await kube.delete(kind, object.metadata, { uid: object.metadata.uid }).catch(unlessGone);
    informer.recordDelete(object.metadata, object.metadata.uid);
  }
  return made;
}

function cacheOf(kind: string, kinds: readonly MadeKind[]): MadeKind {
  const found = kinds.find((one) => one.kind.kind === kind);
  if (!found) throw new Error(`Routes are not made into objects of kind ${kind}`);
  return found;
}

function taken({ kind, metadata }: Manifest<KubeObject>): string {
  return `${kind} ${metadata.namespace ?? ""}/${metadata.name} is there already, and was not made of this Route; expected no such object`;
}

/** Throws what went wrong with a delete, other than that the object, or the state of it that was meant, is gone. */
export function unlessGone(error: unknown): void {
  if (!(error instanceof ApiError && (error.isNotFound || error.isConflict))) throw error;
}
