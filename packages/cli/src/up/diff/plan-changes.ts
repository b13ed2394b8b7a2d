import { ApiError } from "@datalayer/shared/kube/api-error";
import type { Kind, KubeObject } from "@datalayer/shared/kube/object";
import { objectPath, withQuery } from "@datalayer/shared/kube/paths";
import { ownership } from "../../chart.ts";
import type { Cluster } from "../../cluster/cluster.ts";
import { Discovery } from "../../cluster/discovery.ts";
import { isKept, type ReleaseRef } from "../../helm/ownership.ts";
import { type Change, changeOf, objectName } from "./change.ts";

/** The objects of a release: those that it shall have, and those that it has. */
export interface Manifests {
  release: string;
  next: readonly KubeObject[];
  current: readonly KubeObject[];
}

/**
 * Asks the API server what would become of each object, without changing one: defaults, conflicts and refusals are
 * the server's own.
 */
export async function planChanges(
  cluster: Cluster,
  { release, next, current }: Manifests,
): Promise<Change[]> {
  const planner = new Planner(cluster);
  const marked = next.map((object) => markedAs({ name: release, namespace: cluster.namespace }, object));
  const wanted = await Promise.all(marked.map((object) => planner.located(object)));
  const names = new Set(wanted.map(({ object }) => objectName(object)));
  const had = await Promise.all(current.map((object) => planner.located(object)));
  const gone = had.filter(({ object }) => !names.has(objectName(object)) && !isKept(object));
  return Promise.all([
    ...wanted.map((one) => planner.change(one)),
    ...gone.map((one) => planner.removal(one)),
  ]);
}

/** As Helm marks what it makes. */
function markedAs({ name, namespace }: ReleaseRef, object: KubeObject): KubeObject {
  const { annotations, labels } = object.metadata;
  const metadata = {
    ...object.metadata,
    annotations: { ...annotations, [ownership.release]: name, [ownership.namespace]: namespace },
    labels: { ...labels, [ownership.managedBy]: "Helm" },
  };
  return { ...object, metadata };
}

/** An object and where the API server serves it, if it does. */
interface Located {
  object: KubeObject;
  kind: Kind | undefined;
}

class Planner {
  readonly #cluster: Cluster;
  readonly #discovery: Discovery;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
    this.#discovery = new Discovery(cluster);
  }

  /** Objects without a namespace belong to that of the release. */
  async located(object: KubeObject): Promise<Located> {
    const kind = await this.#discovery.kindOf(object);
    if (!kind?.namespaced || object.metadata.namespace) return { object, kind };
    const metadata = { ...object.metadata, namespace: this.#cluster.namespace };
    return { object: { ...object, metadata }, kind };
  }

  async change({ object, kind }: Located): Promise<Change> {
    // A kind that the release brings itself: nobody else can say yet what would become of it.
    if (!kind) return changeOf(undefined, object);
    const live = await this.#live(object, kind);
    try {
      return changeOf(live, (await this.#tryOut(object, kind)) ?? object);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return { object: objectName(object), action: "refused", diff: error.message };
    }
  }

  async removal({ object, kind }: Located): Promise<Change> {
    const live = kind && (await this.#live(object, kind));
    return live ? changeOf(live, undefined) : { object: objectName(object), action: "unchanged", diff: "" };
  }

  #live(object: KubeObject, kind: Kind): Promise<KubeObject | undefined> {
    return unlessNotFound(this.#cluster.client.get(kind, object.metadata));
  }

  /** As Helm applies it; undefined where its namespace is not there yet. */
  #tryOut(object: KubeObject, kind: Kind): Promise<KubeObject | undefined> {
    const query = { fieldManager: "helm", force: true, dryRun: "All" };
    const request = {
      method: "PATCH",
      path: withQuery(objectPath(kind, object.metadata), query),
      contentType: "application/apply-patch+yaml",
      body: JSON.stringify(object),
    } as const;
    return unlessNotFound(this.#cluster.client.raw(request) as Promise<KubeObject>);
  }
}

async function unlessNotFound<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof ApiError && error.isNotFound) return undefined;
    throw error;
  }
}
