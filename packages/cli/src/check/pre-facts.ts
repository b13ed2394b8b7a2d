import type { Namespace, Node } from "@datalayer/shared/kube/kinds";
import { Node as NodeKind } from "@datalayer/shared/kube/kinds";
import type { Cluster } from "../cluster/cluster.ts";
import { StorageClass } from "../cluster/kinds.ts";
import { findNamespace } from "../cluster/namespace.ts";
import { findCloudValues } from "../clouder-home/find-values.ts";
import type { CloudValuesFile } from "../clouder-home/read-values.ts";
import { messageOf } from "../command/command-error.ts";
import type { CommandContext } from "../command/context.ts";
import { Helm } from "../helm/helm.ts";
import { ownerOf, type ReleaseRef } from "../helm/ownership.ts";
import { parseManifest } from "../helm/manifest.ts";
import type { Release } from "../helm/release.ts";
import { gatherDefinitions } from "../observe/kinds.ts";
import { chartOf } from "../up/installation.ts";
import { gatherMissingRights } from "./access.ts";
import type { Fact } from "./check.ts";
import type { CheckFlags } from "./options.ts";

/** What is known of a cluster before the operator is installed. */
export interface PreFacts {
  readonly release: ReleaseRef;
  readonly kubernetesVersion: string;
  /** How far the clock of the API server is ahead of this machine's. */
  readonly clockAheadMs: number;
  readonly helmVersion: Fact<string>;
  /** Kinds of the objects that the chart makes. */
  readonly chartKinds: Fact<readonly string[]>;
  readonly missingRights: Fact<readonly string[]>;
  /** Definitions of our kinds, and the release that has them. */
  readonly definitions: Fact<readonly { name: string; owner: ReleaseRef | undefined }[]>;
  readonly releases: Fact<readonly Release[]>;
  readonly namespace: Fact<Namespace | undefined>;
  readonly nodes: Fact<readonly Node[]>;
  readonly storageClasses: Fact<readonly StorageClass[]>;
  /** Names of the groups of kinds that the API server serves. */
  readonly apiGroups: Fact<readonly string[]>;
  readonly cloudFiles: Fact<readonly CloudValuesFile[]>;
}

/** Reads them, all at once. */
export async function gatherPreFacts(
  cluster: Cluster,
  context: CommandContext,
  { release, flags }: { release: string; flags: CheckFlags },
): Promise<PreFacts> {
  const { client, clock, namespace, kubernetesVersion } = cluster;
  const helm = await factOf(Helm.find(cluster, context));
  const objects = await factOf(withValue(helm, (found) => renderChart(found, context, { release, flags })));
  const [missingRights, definitions, releases, own, nodes, storageClasses, apiGroups, cloudFiles] =
    await Promise.all([
      factOf(withValue(objects, (found) => gatherMissingRights(cluster, found))),
      factOf(gatherOwners(cluster)),
      factOf(withValue(helm, (found) => found.releases({ allNamespaces: true }))),
      factOf(findNamespace(cluster)),
      factOf(client.list(NodeKind).then(({ items }) => items)),
      factOf(client.list(StorageClass).then(({ items }) => items)),
      factOf(gatherGroups(cluster)),
      factOf(findCloudValues(context, cluster.context)),
    ]);
  return {
    release: { name: release, namespace },
    kubernetesVersion,
    clockAheadMs: clock.now() - Date.now(),
    helmVersion: "value" in helm ? { value: helm.value.version } : helm,
    chartKinds: "value" in objects ? { value: objects.value.map(({ kind }) => kind) } : objects,
    missingRights,
    definitions,
    releases,
    namespace: own,
    nodes,
    storageClasses,
    apiGroups,
    cloudFiles,
  };
}

/** What was read, or why it could not be. */
export async function factOf<T>(reading: Promise<T>): Promise<Fact<T>> {
  try {
    return { value: await reading };
  } catch (error) {
    return { problem: messageOf(error) };
  }
}

async function withValue<T, Result>(fact: Fact<T>, read: (value: T) => Promise<Result>): Promise<Result> {
  if ("value" in fact) return read(fact.value);
  throw new Error(fact.problem);
}

async function renderChart(
  helm: Helm,
  context: CommandContext,
  { release, flags }: { release: string; flags: CheckFlags },
): Promise<ReturnType<typeof parseManifest>> {
  const chart = chartOf(flags, context);
  return parseManifest(await helm.template({ release, ...chart, values: {}, valueFlags: [], helmFlags: [] }));
}

async function gatherOwners(cluster: Cluster): Promise<{ name: string; owner: ReleaseRef | undefined }[]> {
  const definitions = await gatherDefinitions(cluster);
  return definitions.map((definition) => ({ name: definition.metadata.name, owner: ownerOf(definition) }));
}

async function gatherGroups({ client }: Cluster): Promise<string[]> {
  const { groups } = (await client.raw({ method: "GET", path: "/apis" })) as { groups: { name: string }[] };
  return groups.map(({ name }) => name);
}
