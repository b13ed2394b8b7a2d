import type { Namespace, Node } from "@datalayer/shared/kube/kinds";
import type { KubeObject } from "@datalayer/shared/kube/object";
import { Node as NodeKind } from "@datalayer/shared/kube/kinds";
import type { Cluster } from "../cluster/cluster.ts";
import { Discovery } from "../cluster/discovery.ts";
import { StorageClass } from "../cluster/kinds.ts";
import { findNamespace } from "../cluster/namespace.ts";
import { findCloudValues } from "../clouder-home/find-values.ts";
import type { CloudValuesFile } from "../clouder-home/read-values.ts";
import { CommandError, messageOf } from "../command/command-error.ts";
import { Helm } from "../helm/helm.ts";
import { ownerOf, type ReleaseRef } from "../helm/ownership.ts";
import { parseManifest } from "../helm/manifest.ts";
import type { Release } from "../helm/release.ts";
import { gatherDefinitions } from "../observe/kinds.ts";
import { orExplain } from "../up/install.ts";
import { type InstallationInputs, installationOf } from "../up/installation.ts";
import { gatherMissingRights } from "./access.ts";
import type { Fact } from "./check.ts";

/** What is known of a cluster before the operator is installed. */
export interface PreFacts {
  readonly release: ReleaseRef;
  readonly kubernetesVersion: string;
  /** How far the clock of the API server is ahead of this machine's. */
  readonly clockAheadMs: number;
  readonly helmVersion: Fact<string>;
  /** Kinds of the objects that the chart makes. */
  readonly chartKinds: Fact<readonly string[]>;
  /** Those that the API server does not serve, such as `ServiceMonitor of monitoring.coreos.com/v1`. */
  readonly unservedKinds: Fact<readonly string[]>;
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

/** What the reader gave the command. */
export type PreInputs = Omit<InstallationInputs, "files">;

/** Reads them, all at once. */
export async function gatherPreFacts(
  cluster: Cluster,
  release: string,
  inputs: PreInputs,
): Promise<PreFacts> {
  const { client, clock, namespace, kubernetesVersion } = cluster;
  const { context } = inputs;
  const [helm, cloudFiles] = await Promise.all([
    factOf(Helm.find(cluster, context)),
    factOf(findCloudValues(context, cluster.context)),
  ]);
  const files = "value" in cloudFiles ? cloudFiles.value : [];
  const objects = await factOf(withValue(helm, (found) => renderChart(found, release, { ...inputs, files })));
  const [unservedKinds, missingRights, definitions, releases, own, nodes, storageClasses, apiGroups] =
    await Promise.all([
      factOf(withValue(objects, (found) => gatherUnserved(cluster, found))),
      factOf(withValue(objects, (found) => gatherMissingRights(cluster, found))),
      factOf(gatherOwners(cluster)),
      factOf(withValue(helm, (found) => found.releases({ allNamespaces: true }))),
      factOf(findNamespace(cluster)),
      factOf(client.list(NodeKind).then(({ items }) => items)),
      factOf(client.list(StorageClass).then(({ items }) => items)),
      factOf(gatherGroups(cluster)),
    ]);
  return {
    release: { name: release, namespace },
    kubernetesVersion,
    clockAheadMs: clock.now() - Date.now(),
    helmVersion: "value" in helm ? { value: helm.value.version } : helm,
    chartKinds: "value" in objects ? { value: objects.value.map(({ kind }) => kind) } : objects,
    unservedKinds,
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
    const next = error instanceof CommandError ? error.next : [];
    return { problem: [messageOf(error), ...next].join("\n") };
  }
}

async function withValue<T, Result>(fact: Fact<T>, read: (value: T) => Promise<Result>): Promise<Result> {
  if ("value" in fact) return read(fact.value);
  throw new Error(fact.problem);
}

/** The objects that `plane up` would make. */
async function renderChart(
  helm: Helm,
  name: string,
  inputs: InstallationInputs,
): Promise<ReturnType<typeof parseManifest>> {
  // Whoever may not read the records of releases is told so by the rights.
  const current = await factOf(helm.release(name));
  const release = { name, current: "value" in current ? current.value : undefined };
  const installation = await installationOf(helm, release, inputs);
  return parseManifest(await orExplain(helm, installation, helm.template(installation)));
}

/** Kinds that the chart itself defines are served by then. */
async function gatherUnserved(cluster: Cluster, objects: readonly KubeObject[]): Promise<string[]> {
  const discovery = new Discovery(cluster);
  const served = await Promise.all(objects.map((object) => discovery.kindOf(object)));
  const unserved = objects.filter((_, index) => served[index] === undefined);
  return [...new Set(unserved.map(({ kind, apiVersion }) => `${kind} of ${apiVersion}`))];
}

async function gatherOwners(cluster: Cluster): Promise<{ name: string; owner: ReleaseRef | undefined }[]> {
  const definitions = await gatherDefinitions(cluster);
  return definitions.map((definition) => ({ name: definition.metadata.name, owner: ownerOf(definition) }));
}

async function gatherGroups({ client }: Cluster): Promise<string[]> {
  const { groups } = (await client.raw({ method: "GET", path: "/apis" })) as { groups: { name: string }[] };
  return groups.map(({ name }) => name);
}
