import { Pod } from "@datalayer/shared/kube/kinds";
import type { KubeObject } from "@datalayer/shared/kube/object";
import { allRuntimes, finalizerPrefix } from "../chart.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { gatherDefinitions, kindOf, listWidely } from "../observe/kinds.ts";

/** How many objects of each kind only a controller of the operator lets go; none that has no such object. */
export type Held = Readonly<Record<string, number>>;

/** Whether a deletion of the object waits for a controller of the operator. */
export function isHeld({ metadata }: KubeObject): boolean {
  return (metadata.finalizers ?? []).some((name) => name.startsWith(finalizerPrefix));
}

/** Counts them, in all namespaces. */
export async function gatherHeld(cluster: Cluster): Promise<Held> {
  const definitions = await gatherDefinitions(cluster);
  const counts = await Promise.all([
    ...definitions.map(async (definition) => {
      const objects = await listWidely(cluster, kindOf(definition));
      return [definition.metadata.name, objects.filter(isHeld).length] as const;
    }),
    listWidely(cluster, Pod, allRuntimes).then((pods) => ["pods", pods.filter(isHeld).length] as const),
  ]);
  return Object.fromEntries(counts.filter(([, count]) => count > 0));
}

/** "2 of images.datalayer.io, 1 of pods"; pure. */
export function describeHeld(held: Held): string {
  return Object.entries(held)
    .map(([kind, count]) => `${count} of ${kind}`)
    .join(", ");
}
