import type { KubeObject } from "@datalayer/shared/kube/object";
import type { Cluster } from "../cluster/cluster.ts";
import { Discovery } from "../cluster/discovery.ts";

/** What Helm does with the objects of a release. */
const verbs = ["get", "create", "patch", "delete"] as const;

/** What one may do with a resource. */
interface Attributes {
  group: string;
  resource: string;
  verb: string;
  namespace?: string;
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
  const kinds = await Promise.all(objects.map((object) => discovery.kindOf(object)));
  // The release's own records are Secrets, and its lock is a Lease.
  const own = [
    { group: "", resource: "secrets", namespaced: true },
    { group: "coordination.k8s.io", resource: "leases", namespaced: true },
    { group: "", resource: "namespaces", namespaced: false },
  ];
  const found = kinds.flatMap((kind) =>
    kind ? [{ group: groupOf(kind.apiVersion), resource: kind.plural, namespaced: kind.namespaced }] : [],
  );
  const distinct = new Map([...own, ...found].map((one) => [`${one.resource}.${one.group}`, one]));
  return [...distinct.values()].flatMap(({ group, resource, namespaced }) =>
    verbs.map((verb) => ({ group, resource, verb, ...(namespaced && { namespace: cluster.namespace }) })),
  );
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
