import { Pod } from "@datalayer/shared/kube/kinds";
import { allRuntimes, assignedRuntimes, operatorSecrets } from "../chart.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { findSecret } from "../cluster/secret.ts";
import { gatherDefinitions, kindOf, listWidely } from "../observe/kinds.ts";

/** What of the cluster outlives a release. */
export interface Remains {
  namespace: string;
  /** Objects by their kind, such as `runtime-pools.datalayer.io`; kinds stay also without objects. */
  objects: Readonly<Record<string, number>>;
  /** Runtimes that users have, and those that wait for one. */
  runtimes: { assigned: number; warm: number };
  /** In the namespace of the release. */
  secrets: readonly string[];
}

/** Reads what stays; `ownSecret` is the administrator's own with credentials. */
export async function gatherRemains(cluster: Cluster, ownSecret: string | undefined): Promise<Remains> {
  const [definitions, runtimes, assigned] = await Promise.all([
    gatherDefinitions(cluster),
    listWidely(cluster, Pod, allRuntimes),
    listWidely(cluster, Pod, assignedRuntimes),
  ]);
  const counts = await Promise.all(
    definitions.map(async (definition) => {
      const objects = await listWidely(cluster, kindOf(definition));
      return [definition.metadata.name, objects.length] as const;
    }),
  );
  const names = [...operatorSecrets, ...(ownSecret ? [ownSecret] : [])];
  const secrets = await Promise.all(names.map((name) => findSecret(cluster, name)));
  return {
    namespace: cluster.namespace,
    objects: Object.fromEntries(counts),
    runtimes: { assigned: assigned.length, warm: runtimes.length - assigned.length },
    secrets: secrets.flatMap((secret) => secret?.metadata.name ?? []),
  };
}

/** Lines that say what stays, and how it is removed; pure. */
export function describeRemains({ namespace, objects, runtimes, secrets }: Remains): string[] {
  const kinds = Object.entries(objects).map(([kind, count]) => (count === 0 ? kind : `${kind} (${count})`));
  const hasObjects = Object.values(objects).some((count) => count > 0);
  return [
    `  namespace  ${namespace}`,
    ...(kinds.length > 0 ? [`  kinds      ${kinds.join(", ")}`] : []),
    ...(runtimes.assigned + runtimes.warm > 0
      ? [`  runtimes   ${runtimes.assigned} of users, ${runtimes.warm} warm ones`]
      : []),
    ...(secrets.length > 0 ? [`  Secrets    ${secrets.join(", ")}`] : []),
    ...(hasObjects
      ? ["  They are served again after the next `plane up`. To remove pools and warm runtimes:"]
      : []),
    ...(hasObjects ? [`    kubectl delete runtime-pools --all -n ${namespace}`] : []),
  ];
}
