import { ConfigMap, Namespace, PersistentVolumeClaim, Pod } from "@datalayer/shared/kube/kinds";
import {
  allRuntimes,
  assignedRuntimes,
  buildNamespaces,
  operatorSecrets,
  recordSelectors,
  releaseLabel,
} from "../chart.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { findSecret } from "../cluster/secret.ts";
import { describeHeld, gatherHeld, type Held } from "./held.ts";
import { gatherDefinitions, kindOf, listWidely } from "../observe/kinds.ts";

/** What of the cluster outlives a release. */
export interface Remains {
  namespace: string;
  /** Objects by their kind, such as `runtime-pools.datalayer.io`; kinds stay also without objects. */
  objects: Readonly<Record<string, number>>;
  /** Runtimes that users have, and those that wait for one. */
  runtimes: { assigned: number; warm: number };
  /** PersistentVolumeClaims of users: homes of runtimes, and volumes. */
  volumes: number;
  /** Namespaces that the chart made for builds. */
  buildNamespaces: readonly string[];
  /** In the namespace of the release. */
  secrets: readonly string[];
  /** In the namespace of the release: records of usage and of node scaling. */
  configMaps: readonly string[];
  held: Held;
}

/** Of which release something stays. */
export interface Removed {
  name: string;
  /** The administrator's own Secret with credentials. */
  ownSecret?: string | undefined;
}

/** Reads what stays. */
export async function gatherRemains(cluster: Cluster, { name, ownSecret }: Removed): Promise<Remains> {
  const ofRelease = `${buildNamespaces},${releaseLabel}=${name}`;
  const [objects, runtimes, assigned, volumes, namespaces, secrets, configMaps, held] = await Promise.all([
    countObjects(cluster),
    listWidely(cluster, Pod, allRuntimes),
    listWidely(cluster, Pod, assignedRuntimes),
    listWidely(cluster, PersistentVolumeClaim, allRuntimes),
    cluster.client.list(Namespace, { labelSelector: ofRelease }),
    findSecrets(cluster, [...operatorSecrets, ...(ownSecret ? [ownSecret] : [])]),
    findRecords(cluster),
    gatherHeld(cluster),
  ]);
  return {
    namespace: cluster.namespace,
    objects,
    runtimes: { assigned: assigned.length, warm: runtimes.length - assigned.length },
    volumes: volumes.length,
    buildNamespaces: namespaces.items.map(({ metadata }) => metadata.name),
    secrets,
    configMaps,
    held,
  };
}

async function countObjects(cluster: Cluster): Promise<Record<string, number>> {
  const definitions = await gatherDefinitions(cluster);
  const counts = await Promise.all(
    definitions.map(async (definition) => {
      const objects = await listWidely(cluster, kindOf(definition));
      return [definition.metadata.name, objects.length] as const;
    }),
  );
  return Object.fromEntries(counts);
}

async function findSecrets(cluster: Cluster, names: readonly string[]): Promise<string[]> {
  const secrets = await Promise.all(names.map((name) => findSecret(cluster, name)));
  return secrets.flatMap((secret) => secret?.metadata.name ?? []);
}

async function findRecords({ client, namespace }: Cluster): Promise<string[]> {
  const lists = await Promise.all(
    recordSelectors.map((labelSelector) => client.list(ConfigMap, { namespace, labelSelector })),
  );
  return lists.flatMap(({ items }) => items.map(({ metadata }) => metadata.name));
}

/** Lines that say what stays, and how it is removed; pure. */
export function describeRemains(remains: Remains): string[] {
  const { namespace, objects, runtimes, volumes } = remains;
  const kinds = Object.entries(objects).map(([kind, count]) => (count === 0 ? kind : `${kind} (${count})`));
  const all: [string, string][] = [
    ["namespace", namespace],
    ["of builds", remains.buildNamespaces.join(", ")],
    ["kinds", kinds.join(", ")],
    ["runtimes", runtimes.assigned + runtimes.warm > 0 ? sayRuntimes(runtimes) : ""],
    ["volumes", volumes > 0 ? `${volumes} of users, as PersistentVolumeClaims with their files` : ""],
    ["routes", (objects["routes.datalayer.io"] ?? 0) > 0 ? routesStay : ""],
    ["Secrets", remains.secrets.join(", ")],
    ["ConfigMaps", remains.configMaps.join(", ")],
  ];
  const lines = all.filter(([, what]) => what !== "");
  return [...lines.map(([name, what]) => `  ${name.padEnd(10)} ${what}`), ...describeNext(remains)];
}

/** What is made of a Route goes with the Route only. */
const routesStay =
  "what they have set up in Traefik or the Gateway API still leads requests, and nobody keeps it";

function sayRuntimes({ assigned, warm }: Remains["runtimes"]): string {
  return `${assigned} of users, ${warm} warm ones`;
}

function describeNext({ namespace, objects, held }: Remains): string[] {
  if (!Object.values(objects).some((count) => count > 0)) return [];
  const isHeld = Object.keys(held).length > 0;
  return [
    "  They are served again after the next `plane up`. To remove pools and warm runtimes:",
    `    kubectl delete runtime-pools --all -n ${namespace}`,
    ...(isHeld
      ? [
          `  A deletion of these waits for the next \`plane up\`, whose controllers let them go: ${describeHeld(held)}`,
        ]
      : []),
  ];
}
