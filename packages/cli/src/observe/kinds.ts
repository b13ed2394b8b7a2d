import { ApiError } from "@datalayer/shared/kube/api-error";
import { defineKind, type Kind, type KubeObject } from "@datalayer/shared/kube/object";
import type { Condition } from "@datalayer/shared/crds/conditions";
import { group } from "../chart.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { CustomResourceDefinition } from "../cluster/kinds.ts";

/** An object of one of our kinds; all of them have conditions. */
export interface CustomObject extends KubeObject {
  spec?: Record<string, unknown>;
  status?: { conditions?: Condition[] } & Record<string, unknown>;
}

/** Our kinds, as their definitions say. */
export async function gatherDefinitions({ client }: Cluster): Promise<CustomResourceDefinition[]> {
  const { items } = await client.list(CustomResourceDefinition);
  return items.filter(({ spec }) => spec.group === group);
}

/** The kind that a definition defines, in the version that is stored. */
export function kindOf({ spec }: CustomResourceDefinition): Kind<CustomObject> {
  const version = spec.versions.find(({ storage }) => storage)?.name ?? "v1";
  return defineKind<CustomObject>({
    apiVersion: `${spec.group}/${version}`,
    kind: spec.names.kind,
    plural: spec.names.plural,
    namespaced: spec.scope === "Namespaced",
  });
}

/** Lists objects of all namespaces, or where that is not allowed those of the command's; none of a kind that goes. */
export async function listWidely<T extends KubeObject>(
  { client, namespace }: Cluster,
  kind: Kind<T>,
  labelSelector?: string,
): Promise<T[]> {
  const selection = labelSelector === undefined ? {} : { labelSelector };
  try {
    return (await client.list(kind, selection)).items;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.isNotFound) return [];
    if (!error.isForbidden || !kind.namespaced) throw error;
    return (await client.list(kind, { ...selection, namespace })).items;
  }
}
