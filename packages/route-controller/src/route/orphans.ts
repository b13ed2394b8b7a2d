import { type Context, controller, type Controller } from "@datalayer/shared/controller/controller";
import { settled } from "@datalayer/shared/controller/outcome";
import { Route } from "@datalayer/shared/crds/route";
import { ApiError } from "@datalayer/shared/kube/api-error";
import { keyOf, type KubeObject, type OwnerReference } from "@datalayer/shared/kube/object";
import type { ObjectReader } from "@datalayer/shared/kube/object-reader";
import { type MadeKind, madeOf, unlessGone } from "./made-objects.ts";
import { routeOf } from "./names.ts";

/**
 * Takes the routers of a deleted Route away at once. They belong to it, and so would be collected anyway; but nobody
 * says how soon, and until then requests are let in that no Route is for.
 */
export function orphansController(made: MadeKind, routes: ObjectReader<Route>): Controller {
  const { kind, informer } = made;
  return controller<KubeObject, [Route]>({
    name: `${kind.plural}-of-no-route`,
    for: kind,
    informer,
    selects: (object) => routeOf(object) !== undefined,
    watches: [
      {
        informer: routes,
        keys: ({ metadata }) => madeOf(metadata.uid, [made]).map((object) => keyOf(object.metadata)),
      },
    ],
    reportsStatus: false,
    reconcile: async (object, context) => {
      const owner = routeOf(object);
      const { namespace } = object.metadata;
      if (owner && isGoneFrom(routes, owner, namespace) && (await isGone(owner, namespace, context)))
        await context.kube.delete(kind, object.metadata, { uid: object.metadata.uid }).catch(unlessGone);
      return { outcome: settled() };
    },
  });
}

function isGoneFrom(
  routes: ObjectReader<Route>,
  { name, uid }: OwnerReference,
  namespace: string | undefined,
): boolean {
  return routes.get({ namespace, name })?.metadata.uid !== uid;
}

/** The cache may not have seen a Route that another replica has served already. */
async function isGone(
  { name, uid }: OwnerReference,
  namespace: string | undefined,
  { kube }: Context,
): Promise<boolean> {
  try {
    const { metadata } = await kube.get(Route, { namespace, name });
    return metadata.uid !== uid;
  } catch (error) {
    if (error instanceof ApiError && error.isNotFound) return true;
    throw error;
  }
}
