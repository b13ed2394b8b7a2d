import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { installTraefikKinds } from "@datalayer/devcluster/testkit/traefik";
import { Route } from "@datalayer/shared/crds/route";
import { RouteClass } from "@datalayer/shared/crds/route-class";
import type { RestClient } from "@datalayer/shared/kube/rest";
import { isOutside, kindOf, movedTo, objectsOfChart } from "@datalayer/shared/kube/testkit/chart";

const chart = "route-controller";

/** The ServiceAccount of the route-controller. */
export const operatorAccount = "datalayer-route-controller-sa";

/** Makes the API server serve our kinds. Any number of test files may do so at once. */
export async function installOwnKinds(admin: RestClient): Promise<void> {
  const objects = await objectsOfChart(chart, "crds");
  await Promise.all(objects.map((object) => admin.apply(kindOf(object), object)));
  await eventually(() => Promise.all([admin.list(Route), admin.list(RouteClass)]), {
    message: "our kinds being served",
  });
}

/** Makes the API server serve our kinds, Traefik's and the Gateway API's. */
export async function installKinds(admin: RestClient, kubeconfigPath: string): Promise<void> {
  await Promise.all([installTraefikKinds(kubeconfigPath), installOwnKinds(admin)]);
}

/**
 * Gives the route-controller of a namespace its rights: in that one and in the others that it watches. Answers with
 * what undoes the part that does not go with the namespaces.
 */
export async function installRbac(
  admin: RestClient,
  namespaces: readonly [string, ...string[]],
): Promise<() => Promise<void>> {
  const [own, ...others] = namespaces;
  const objects = await objectsOfChart(chart, "rbac");
  const moved = objects.map((object) => movedTo(own, object));
  const perNamespace = moved.filter(
    ({ kind, metadata }) =>
      (kind === "Role" || kind === "RoleBinding") &&
      metadata.namespace === own &&
      !metadata.name.endsWith("-lease"),
  );
  const elsewhere = others.flatMap((namespace) =>
    perNamespace.map((object) => ({ ...object, metadata: { ...object.metadata, namespace } })),
  );
  await Promise.all([...moved, ...elsewhere].map((object) => admin.apply(kindOf(object), object)));
  return async () => {
    for (const object of moved.filter((one) => isOutside(own, one))) {
      const { metadata } = await admin.get(kindOf(object), object.metadata);
      await admin.delete(kindOf(object), metadata, { uid: metadata.uid });
    }
  };
}
