import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import {
  KubeConfig,
  type KubernetesObject,
  KubernetesObjectApi,
  PatchStrategy,
} from "@kubernetes/client-node";
import { parseAllDocuments } from "yaml";

/** Where and how to apply manifests. */
export interface ApplyOptions {
  kubeconfigPath: string;
  /** Default: the kubeconfig's current one. */
  context?: string;
  /** Changes each object before it is sent, such as its namespace. */
  transform?: (object: KubernetesObject) => KubernetesObject;
}

const fieldManager = "devcluster";

/**
 * Applies the objects of YAML files in the order given, as `kubectl apply --server-side` does; of a folder, all its
 * `.yaml` files by name. Kinds whose CustomResourceDefinition came just before are waited for.
 */
export async function applyManifests(paths: readonly string[], options: ApplyOptions): Promise<void> {
  const config = new KubeConfig();
  config.loadFromFile(options.kubeconfigPath);
  if (options.context !== undefined) config.setCurrentContext(options.context);
  const api = KubernetesObjectApi.makeApiClient(config);
  const { transform = (object) => object } = options;
  for (const object of await readManifests(paths)) {
    await applyOne(api, transform(object));
  }
}

/** Reads the objects of YAML files and folders. */
export async function readManifests(paths: readonly string[]): Promise<KubernetesObject[]> {
  const objects: KubernetesObject[] = [];
  for (const file of (await Promise.all(paths.map(yamlFiles))).flat()) {
    const documents = parseAllDocuments(await readFile(file, "utf8"));
    for (const document of documents) objects.push(document.toJS() as KubernetesObject);
  }
  return objects;
}

async function yamlFiles(path: string): Promise<string[]> {
  if (!(await stat(path)).isDirectory()) return [path];
  const names = (await readdir(path)).filter((name) => name.endsWith(".yaml")).sort();
  return names.map((name) => join(path, name));
}

const servedWithinMs = 20_000;
const lookAgainMs = 100;

async function applyOne(api: KubernetesObjectApi, object: KubernetesObject): Promise<void> {
  const deadline = performance.now() + servedWithinMs;
  for (;;) {
    try {
      await api.patch(object, undefined, undefined, fieldManager, true, PatchStrategy.ServerSideApply);
      return;
    } catch (error) {
      if (!isNotServedYet(error) || performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, lookAgainMs));
    }
  }
}

/** A new kind is served a moment after its definition is stored. */
function isNotServedYet(error: unknown): boolean {
  const text = error instanceof Error ? error.message : "";
  const status = error instanceof Error && "code" in error ? error.code : undefined;
  return (
    status === 404 || text.startsWith("Unrecognized API version and kind") || text.includes("HTTP-Code: 404")
  );
}
