import { ApiError } from "@datalayer/shared/kube/api-error";
import { defineKind, type Kind, type KubeObject } from "@datalayer/shared/kube/object";
import type { Cluster } from "./cluster.ts";

interface ResourceList {
  resources: { name: string; kind: string; namespaced: boolean }[];
}

/** Tells where the API server serves the kinds of objects. */
export class Discovery {
  readonly #client: Cluster["client"];
  readonly #lists = new Map<string, Promise<ResourceList | undefined>>();

  constructor({ client }: Cluster) {
    this.#client = client;
  }

  /** The kind of an object; undefined while the API server does not serve it. */
  async kindOf({ apiVersion, kind }: Pick<KubeObject, "apiVersion" | "kind">): Promise<Kind | undefined> {
    const list = this.#lists.get(apiVersion) ?? this.#read(apiVersion);
    this.#lists.set(apiVersion, list);
    const resource = (await list)?.resources.find((one) => one.kind === kind && !one.name.includes("/"));
    return (
      resource && defineKind({ apiVersion, kind, plural: resource.name, namespaced: resource.namespaced })
    );
  }

  async #read(apiVersion: string): Promise<ResourceList | undefined> {
    const path = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    try {
      return (await this.#client.raw({ method: "GET", path })) as ResourceList;
    } catch (error) {
      if (error instanceof ApiError && error.isNotFound) return undefined;
      throw error;
    }
  }
}
