import { EndpointSlice, Job, Node, Pod, Service } from "@datalayer/shared/kube/kinds";
import type { Kind, KubeObject } from "@datalayer/shared/kube/object";
import { ApiError } from "@datalayer/shared/kube/api-error";
import type { Cluster } from "../cluster/cluster.ts";
import type { CustomResourceDefinition } from "../cluster/kinds.ts";
import { kindOf, listWidely } from "../observe/kinds.ts";

/** The objects among which relations are looked for. */
export class World {
  readonly objects: readonly KubeObject[];
  readonly #readKinds: ReadonlySet<string>;

  /** @param readKinds - of which all objects are here. */
  constructor(objects: readonly KubeObject[], readKinds: Iterable<string>) {
    this.objects = objects;
    this.#readKinds = new Set(readKinds);
  }

  /** Whether an object of that kind which is not found is not there. */
  hasRead(kind: string): boolean {
    return this.#readKinds.has(kind);
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
        return { kind, items: await listWidely(cluster, kind) };
      } catch (error) {
        if (error instanceof ApiError && error.isForbidden) return undefined;
        throw error;
      }
    }),
  );
  const read = lists.filter((list) => list !== undefined);
  return new World(
    read.flatMap(({ items }) => items),
    read.map(({ kind }) => kind.kind),
  );
}
