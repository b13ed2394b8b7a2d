import type { RestClient } from "@datalayer/shared/kube/rest";
import { ApiError } from "@datalayer/shared/kube/api-error";
import { Route } from "@datalayer/shared/crds/route";
import { deleteIfThere } from "@datalayer/shared/kube/delete-if-there";
import { carries } from "@datalayer/shared/kube/intent";
import type { Manifest, ObjectRef } from "@datalayer/shared/kube/object";
import type { ObjectReader } from "@datalayer/shared/kube/object-reader";

/** What Routes are written with. */
export interface RouteHands {
  kube: RestClient;
  routes: ObjectReader<Route>;
  /** Resolves when a Route may be written without making claims wait. */
  giveWay: () => Promise<void>;
}

/** What the Route of one name should be. */
export interface RouteWish {
  ref: ObjectRef;
  /** Undefined when there should be none. */
  wanted: Manifest<Route> | undefined;
  /** A Route without this owner is somebody else's. */
  owner: { kind: string; name: string };
}

/**
 * Makes the Route of this name be what is wanted, with a write only where it is not. One that is not wanted is removed
 * if it has the same owner, and left alone otherwise.
 * @returns why it cannot be so until somebody changes something; undefined when it is.
 */
export async function keepRoute(
  { ref, wanted, owner }: RouteWish,
  hands: RouteHands,
): Promise<string | undefined> {
  const existing = hands.routes.get(ref);
  if (!existing) return wanted && write(wanted, { ...hands, force: false });
  const owners = existing.metadata.ownerReferences ?? [];
  const isOurs = owners.some(({ kind, name }) => kind === owner.kind && name === owner.name);
  if (!wanted) return isOurs ? remove(existing, hands) : undefined;
  if (!isOurs) return "another one of that name is there, which is not ours.";
  if (carries(existing, wanted)) return undefined;
  // It leads to a Pod that is gone, and never to another one of that name: a new Route does.
  const isKept = isOwnedLike(existing, wanted);
  if (!isKept) await remove(existing, hands);
  return write(wanted, { ...hands, force: isKept });
}

function isOwnedLike(existing: Route, { metadata: { ownerReferences = [] } }: Manifest<Route>): boolean {
  const owners = existing.metadata.ownerReferences ?? [];
  return ownerReferences.every(({ uid }) => owners.some((owner) => owner.uid === uid));
}

/** @param force - whether to win over others: not where one is there that the watch has not shown yet. */
async function write(
  wanted: Manifest<Route>,
  { kube, routes, giveWay, force }: RouteHands & { force: boolean },
): Promise<string | undefined> {
  await giveWay();
  try {
    routes.recordWrite(await kube.apply(Route, wanted, { force }));
    return undefined;
  } catch (error) {
    if (error instanceof ApiError && (error.isInvalid || error.isForbidden)) return error.message;
    throw error;
  }
}

async function remove({ metadata }: Route, { kube, routes }: RouteHands): Promise<undefined> {
  await deleteIfThere(kube, Route, metadata);
  routes.recordDelete(metadata, metadata.uid);
}
