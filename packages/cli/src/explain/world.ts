import { EndpointSlice, Node, Pod, Service } from "@datalayer/shared/kube/kinds";
import type { Kind, KubeObject } from "@datalayer/shared/kube/object";
import { ApiError } from "@datalayer/shared/kube/api-error";
import type { Cluster } from "../cluster/cluster.ts";
import { type CustomResourceDefinition, Job } from "../cluster/kinds.ts";
import { kindOf, listWidely } from "../observe/kinds.ts";

/** The objects among which relations are looked for. */
export class World {
  readonly objects: readonly KubeObject[];

  constructor(objects: readonly KubeObject[]) {
    this.objects = objects;
  }

  /** The object of that kind and name: in the namespace, else in any. */
  find(kind: string, name: string, namespace: string | undefined): KubeObject | undefined {
    const found = this.objects.filter((object) => object.kind === kind && object.metadata.name === name);
    return found.find(({ metadata }) => metadata.namespace === namespace) ?? found[0];
  }

  /** The objects that go with this one. */
  ownedBy({ metadata: { uid } }: KubeObject): KubeObject[] {
    return this.objects.filter(({ metadata }) =>
      metadata.ownerReferences?.some((owner) => owner.uid === uid),
    );
  }

  /** The names of all objects of a kind. */
  namesOf(kind: string): string[] {
    return this.objects.filter((object) => object.kind === kind).map(({ metadata }) => metadata.name);
  }
}

/** Reads the objects of our kinds, and those of Kubernetes that they are made of; what may not be read is left out. */
export async function gatherWorld(
  cluster: Cluster,
  definitions: readonly CustomResourceDefinition[],
): Promise<World> {
  const kinds: Kind[] = [...definitions.map(kindOf), Pod, Job, Service, EndpointSlice, Node];
  const lists = await Promise.all(
    kinds.map(async (kind) => {
      try {
        return await listWidely(cluster, kind);
      } catch (error) {
        if (error instanceof ApiError && error.isForbidden) return [];
        throw error;
      }
    }),
  );
  return new World(lists.flat());
}
