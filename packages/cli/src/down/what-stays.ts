import { ConfigMap, Namespace, Pod } from "@datalayer/shared/kube/kinds";
import { allRuntimes, assignedRuntimes, operatorSecrets, recordSelectors } from "../chart.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { findSecret } from "../cluster/secret.ts";
import { isKept, isOf } from "../helm/ownership.ts";
import { gatherDefinitions, kindOf, listWidely } from "../observe/kinds.ts";

/** What of the cluster outlives a release. */
export interface Remains {
  namespace: string;
  /** Those that the chart made for builds: what users made is in them. */
  buildNamespaces: readonly string[];
  /** Objects by their kind, such as `runtime-pools.datalayer.io`; kinds stay also without objects. */
  objects: Readonly<Record<string, number>>;
  /** Runtimes that users have, and those that wait for one. */
  runtimes: { assigned: number; warm: number };
  /** In the namespace of the release. */
  secrets: readonly string[];
  /** There as well: what runtimes used, and what node scaling remembers. */
  configMaps: readonly string[];
}

/** More names than these are counted only. */
const NAMED = 5;

/** Reads what stays of a release; `ownSecret` is the administrator's own with credentials. */
export async function gatherRemains(
  cluster: Cluster,
  { release, ownSecret }: { release: string; ownSecret: string | undefined },
): Promise<Remains> {
  const { client, namespace } = cluster;
  const [definitions, runtimes, assigned, namespaces, ...records] = await Promise.all([
    gatherDefinitions(cluster),
    listWidely(cluster, Pod, allRuntimes),
    listWidely(cluster, Pod, assignedRuntimes),
    client.list(Namespace),
    ...recordSelectors.map((labelSelector) => client.list(ConfigMap, { namespace, labelSelector })),
  ]);
  const counts = await Promise.all(
    definitions.map(async (definition) => {
      const objects = await listWidely(cluster, kindOf(definition));
      return [definition.metadata.name, objects.length] as const;
    }),
  );
  const names = [...operatorSecrets, ...(ownSecret ? [ownSecret] : [])];
  const secrets = await Promise.all(names.map((name) => findSecret(cluster, name)));
  const kept = namespaces.items.filter((one) => isKept(one) && isOf(one, { name: release, namespace }));
  return {
    namespace,
    buildNamespaces: kept.map(({ metadata }) => metadata.name),
    objects: Object.fromEntries(counts),
    runtimes: { assigned: assigned.length, warm: runtimes.length - assigned.length },
    secrets: secrets.flatMap((secret) => secret?.metadata.name ?? []),
    configMaps: records.flatMap(({ items }) => items.map(({ metadata }) => metadata.name)),
  };
}

/** Lines that say what stays, and how it is removed; pure. */
export function describeRemains(remains: Remains): string[] {
  const { namespace, buildNamespaces, objects, runtimes, secrets, configMaps } = remains;
  const kinds = Object.entries(objects).map(([kind, count]) => (count === 0 ? kind : `${kind} (${count})`));
  const hasObjects = Object.values(objects).some((count) => count > 0);
  return [
    `  namespaces ${[namespace, ...buildNamespaces].join(", ")}`,
    ...(kinds.length > 0 ? [`  kinds      ${kinds.join(", ")}`] : []),
    ...(runtimes.assigned + runtimes.warm > 0
      ? [`  runtimes   ${runtimes.assigned} of users, ${runtimes.warm} warm ones`]
      : []),
    ...(secrets.length > 0 ? [`  Secrets    ${secrets.join(", ")}`] : []),
    ...(configMaps.length > 0 ? [`  ConfigMaps ${named(configMaps)}`] : []),
    ...(hasObjects
      ? ["  They are served again after the next `plane up`. To remove pools and warm runtimes:"]
      : []),
    ...(hasObjects ? [`    kubectl delete runtime-pools --all -n ${namespace}`] : []),
  ];
}

function named(names: readonly string[]): string {
  const more = names.length - NAMED;
  return [names.slice(0, NAMED).join(", "), ...(more > 0 ? [`and ${more} more`] : [])].join(" ");
}
