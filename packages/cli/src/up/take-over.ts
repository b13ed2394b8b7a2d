import { ApiError } from "@datalayer/shared/kube/api-error";
import type { Kind, KubeObject, ObjectRef } from "@datalayer/shared/kube/object";
import { ownership } from "../chart.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { Discovery } from "../cluster/discovery.ts";
import { CommandError } from "../command/command-error.ts";
import type { Helm } from "../helm/helm.ts";
import { isKept, isOf, ownerOf, type ReleaseRef } from "../helm/ownership.ts";

/** An object of the cluster that stays when its release goes, and its kind. */
interface Kept {
  kind: Kind;
  object: KubeObject;
}

/**
 * Makes those objects of a chart that stay when a release goes, as CustomResourceDefinitions do, those of this
 * release where another one left them, or somebody applied them without Helm: Helm refuses what it does not know as
 * its own.
 *
 * @returns the names of those that were taken over.
 * @throws CommandError when the other release is still there: one operator serves a cluster.
 */
export async function takeOverKept(
  cluster: Cluster,
  helm: Helm,
  { release, objects }: { release: ReleaseRef; objects: readonly KubeObject[] },
): Promise<string[]> {
  const discovery = new Discovery(cluster);
  const existing = await Promise.all(
    objects.filter(isKept).map((object) => find(cluster, discovery, object)),
  );
  const foreign = existing.filter((one) => one !== undefined).filter(({ object }) => !isOf(object, release));
  await refuseLiving(
    helm,
    foreign.map(({ object }) => object),
  );
  await Promise.all(foreign.map((kept) => takeOver(cluster, kept, release)));
  return foreign.map(({ object }) => object.metadata.name);
}

async function find(cluster: Cluster, discovery: Discovery, object: KubeObject): Promise<Kept | undefined> {
  const kind = await discovery.kindOf(object);
  if (!kind) return undefined;
  try {
    return { kind, object: await cluster.client.get(kind, refOf(object)) };
  } catch (error) {
    if (error instanceof ApiError && error.isNotFound) return undefined;
    throw error;
  }
}

function refOf({ metadata: { name, namespace } }: KubeObject): ObjectRef {
  return { name, ...(namespace && { namespace }) };
}

async function refuseLiving(helm: Helm, foreign: readonly KubeObject[]): Promise<void> {
  if (foreign.every((object) => !ownerOf(object))) return;
  const releases = await helm.releases({ allNamespaces: true });
  for (const object of foreign) {
    const living = releases.find((release) => isOf(object, release));
    if (!living) continue;
    const { name, namespace, status } = living;
    throw new CommandError(
      `${object.metadata.name} belongs to release "${name}" in namespace ${namespace}, which is ${status}`,
      {
        next: [
          `plane up ${name} -n ${namespace}   # one operator serves a cluster: upgrade that one`,
          `plane down ${name} -n ${namespace}   # or remove it first; kinds and user objects stay`,
        ],
      },
    );
  }
}

/** Fails when somebody changed it meanwhile. */
async function takeOver(
  { client }: Cluster,
  { kind, object }: Kept,
  { name, namespace }: ReleaseRef,
): Promise<void> {
  const { annotations, labels, resourceVersion } = object.metadata;
  const owner = { [ownership.release]: name, [ownership.namespace]: namespace };
  await client.patch(kind, refOf(object), [
    { op: "test", path: "/metadata/resourceVersion", value: resourceVersion },
    { op: "add", path: "/metadata/annotations", value: { ...annotations, ...owner } },
    { op: "add", path: "/metadata/labels", value: { ...labels, [ownership.managedBy]: "Helm" } },
  ]);
}
