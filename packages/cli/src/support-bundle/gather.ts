import type { V1NetworkPolicy } from "@kubernetes/client-node";
import { ApiError } from "@datalayer/shared/kube/api-error";
import {
  EndpointSlice,
  Event,
  Lease,
  Namespace,
  Job,
  Node,
  PersistentVolumeClaim,
  Pod,
  Secret,
  Service,
} from "@datalayer/shared/kube/kinds";
import { defineKind, type Kind, type KubeObject, type Stored } from "@datalayer/shared/kube/object";
import { allRuntimes } from "../chart.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { CustomResourceDefinition, Deployment, ReplicaSet, StorageClass } from "../cluster/kinds.ts";
import { gatherDefinitions, kindOf, listWidely } from "../observe/kinds.ts";

const NetworkPolicy = defineKind<Stored<V1NetworkPolicy>>({
  apiVersion: "networking.k8s.io/v1",
  kind: "NetworkPolicy",
  plural: "networkpolicies",
});

/** Read in the namespace of the release. ConfigMaps are left out: nobody knows what others keep there. */
const namespaced: readonly Kind[] = [
  Deployment,
  ReplicaSet,
  Pod,
  Job,
  Service,
  EndpointSlice,
  NetworkPolicy,
  Lease,
  PersistentVolumeClaim,
  Event,
];

const clusterWide: readonly Kind[] = [Node, Namespace, StorageClass];

/** Lists of objects by the file that shows them, and what could not be read. */
export interface Gathered {
  readonly lists: Readonly<Record<string, readonly KubeObject[]>>;
  readonly secrets: readonly Secret[];
  readonly missing: readonly string[];
}

/** Reads everything that tells how the operator is; what may not be read is left out, and said. */
export async function gatherObjects(cluster: Cluster): Promise<Gathered> {
  const { client, namespace } = cluster;
  const missing: string[] = [];
  const read = async <T extends KubeObject>(
    name: string,
    call: Promise<readonly T[]>,
  ): Promise<readonly T[]> => {
    try {
      return await call;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      missing.push(`${name}: ${error.message}`);
      return [];
    }
  };
  const list = async (
    kind: Kind,
    scope: { namespace?: string },
  ): Promise<[string, readonly KubeObject[]]> => [
    kind.plural,
    await read(
      kind.plural,
      client.list(kind, scope).then(({ items }) => items),
    ),
  ];
  const definitions = await read(CustomResourceDefinition.plural, gatherDefinitions(cluster));
  const [own, wide, custom, runtimes, secrets] = await Promise.all([
    Promise.all(namespaced.map((kind) => list(kind, { namespace }))),
    Promise.all(clusterWide.map((kind) => list(kind, {}))),
    Promise.all(
      definitions.map(async (definition): Promise<[string, readonly KubeObject[]]> => {
        const kind = kindOf(definition);
        return [kind.plural, await read(kind.plural, listWidely(cluster, kind))];
      }),
    ),
    read("runtimes", listWidely(cluster, Pod, allRuntimes)),
    read(
      "secrets",
      client.list(Secret, { namespace }).then(({ items }) => items),
    ),
  ]);
  const outlines = definitions.map(outline);
  const lists = Object.fromEntries([...own, ...wide, ...custom]);
  return { lists: { ...lists, runtimes, [CustomResourceDefinition.plural]: outlines }, secrets, missing };
}

/** Their schemas are known, and long. */
function outline({ spec, ...definition }: CustomResourceDefinition): KubeObject {
  const versions = spec.versions.map(({ name, served, storage }) => ({ name, served, storage }));
  return {
    ...definition,
    spec: { group: spec.group, names: spec.names, scope: spec.scope, versions },
  } as KubeObject;
}
