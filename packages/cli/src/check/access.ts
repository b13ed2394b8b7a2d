import type { Kind, KubeObject } from "@datalayer/shared/kube/object";
import type { Cluster } from "../cluster/cluster.ts";
import { Discovery } from "../cluster/discovery.ts";

/** What Helm does with the objects of a release. */
const verbs = ["get", "create", "patch", "delete"] as const;

/** A resource, in a namespace where it has one. */
interface Place {
  group: string;
  resource: string;
  namespace?: string;
}

/** What one may do with a resource. */
interface Attributes extends Place {
  verb: string;
}

/**
 * Asks the API server which rights the installation of these objects lacks; answers with them in words, such as
 * `create clusterroles.rbac.authorization.k8s.io`.
 */
export async function gatherMissingRights(
  cluster: Cluster,
  objects: readonly KubeObject[],
): Promise<string[]> {
  const needed = await neededRights(cluster, objects);
  const reviews = await Promise.all(
    needed.map(async (attributes) => ((await isAllowed(cluster, attributes)) ? [] : [describe(attributes)])),
  );
  return reviews.flat();
}

async function neededRights(cluster: Cluster, objects: readonly KubeObject[]): Promise<Attributes[]> {
  const discovery = new Discovery(cluster);
  const found = await Promise.all(
    objects.map(async (object) => ({ object, kind: await discovery.kindOf(object) })),
  );
  const placed = found.flatMap(({ object, kind }) =>
    kind ? [placeOf(object, kind, cluster.namespace)] : [],
  );
  return rightsIn([...ownPlaces(cluster.namespace), ...placed]);
}

/** The release's own records are Secrets, and its lock is a Lease. */
function ownPlaces(namespace: string): Place[] {
  return [
    { group: "", resource: "secrets", namespace },
    { group: "coordination.k8s.io", resource: "leases", namespace },
    { group: "", resource: "namespaces" },
  ];
}

/** Where an object goes: a chart writes also outside of the namespace of the release. */
export function placeOf({ metadata }: KubeObject, kind: Kind, ofRelease: string): Place {
  const { apiVersion, plural: resource, namespaced } = kind;
  const namespace = namespaced ? { namespace: metadata.namespace ?? ofRelease } : {};
  return { group: groupOf(apiVersion), resource, ...namespace };
}

/** Every verb for every place, once; pure. */
export function rightsIn(places: readonly Place[]): Attributes[] {
  const distinct = new Map(places.map((place) => [JSON.stringify(Object.values(place)), place]));
  return [...distinct.values()].flatMap((place) => verbs.map((verb) => ({ ...place, verb })));
}

function groupOf(apiVersion: string): string {
  return apiVersion.includes("/") ? apiVersion.slice(0, apiVersion.indexOf("/")) : "";
}

async function isAllowed({ client }: Cluster, resourceAttributes: Attributes): Promise<boolean> {
  const review = (await client.raw({
    method: "POST",
    path: "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
    body: JSON.stringify({
      apiVersion: "authorization.k8s.io/v1",
      kind: "SelfSubjectAccessReview",
      spec: { resourceAttributes },
    }),
  })) as { status: { allowed: boolean } };
  return review.status.allowed;
}

function describe({ verb, resource, group, namespace }: Attributes): string {
  const name = group === "" ? resource : `${resource}.${group}`;
  return `${verb} ${name}${namespace === undefined ? "" : ` in namespace ${namespace}`}`;
}
