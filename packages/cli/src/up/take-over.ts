import { ApiError } from "@datalayer/shared/kube/api-error";
import type { KubeObject } from "@datalayer/shared/kube/object";
import { ownership } from "../chart.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { CustomResourceDefinition } from "../cluster/kinds.ts";
import { CommandError } from "../command/command-error.ts";
import type { Helm } from "../helm/helm.ts";
import { isOf, ownerOf, type ReleaseRef } from "../helm/ownership.ts";

/**
 * Makes the CustomResourceDefinitions of a chart those of this release where another one left them, or somebody
 * applied them without Helm: they stay when a release goes, and Helm refuses what it does not know as its own.
 *
 * @returns the names of those that were taken over.
 * @throws CommandError when the other release is still there: one operator serves a cluster.
 */
export async function takeOverDefinitions(
  cluster: Cluster,
  helm: Helm,
  { release, objects }: { release: ReleaseRef; objects: readonly KubeObject[] },
): Promise<string[]> {
  const wanted = objects.filter(({ kind }) => kind === CustomResourceDefinition.kind);
  const existing = await Promise.all(wanted.map(({ metadata }) => find(cluster, metadata.name)));
  const foreign = existing.filter((one) => one !== undefined).filter((one) => !isOf(one, release));
  await refuseLiving(helm, foreign);
  await Promise.all(foreign.map((definition) => takeOver(cluster, definition, release)));
  return foreign.map(({ metadata }) => metadata.name);
}

async function find({ client }: Cluster, name: string): Promise<CustomResourceDefinition | undefined> {
  try {
    return await client.get(CustomResourceDefinition, { name });
  } catch (error) {
    if (error instanceof ApiError && error.isNotFound) return undefined;
    throw error;
  }
}

async function refuseLiving(helm: Helm, foreign: readonly CustomResourceDefinition[]): Promise<void> {
  if (foreign.every((definition) => !ownerOf(definition))) return;
  const releases = await helm.releases({ allNamespaces: true });
  for (const definition of foreign) {
    const living = releases.find((release) => isOf(definition, release));
    if (!living) continue;
    const { name, namespace, status } = living;
    throw new CommandError(
      `${definition.metadata.name} belongs to release "${name}" in namespace ${namespace}, which is ${status}`,
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
  { metadata }: CustomResourceDefinition,
  { name, namespace }: ReleaseRef,
): Promise<void> {
  const { annotations, labels, resourceVersion } = metadata;
  const owner = { [ownership.release]: name, [ownership.namespace]: namespace };
  await client.patch(CustomResourceDefinition, { name: metadata.name }, [
    { op: "test", path: "/metadata/resourceVersion", value: resourceVersion },
    { op: "add", path: "/metadata/annotations", value: { ...annotations, ...owner } },
    { op: "add", path: "/metadata/labels", value: { ...labels, [ownership.managedBy]: "Helm" } },
  ]);
}
