import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
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
  /** Changes each object before it is sent, such as its namespace. */
  transform?: (object: KubernetesObject) => KubernetesObject;
}

const fieldManager = "devcluster";

/**
 * Applies the objects of YAML files in the order given, as `kubectl apply --server-side` does; of a folder, all its
 * `.yaml` files by name. Kinds whose CustomResourceDefinition came just before are waited for.
 *
 * Resolves with the objects that were not there before.
 */
export async function applyManifests(
  paths: readonly string[],
  { kubeconfigPath, transform = (object) => object }: ApplyOptions,
): Promise<KubernetesObject[]> {
  const api = objectApi(kubeconfigPath);
  const created: KubernetesObject[] = [];
  for (const object of (await readManifests(paths)).map(transform)) {
    if (!(await exists(api, object))) created.push(object);
    await applyOne(api, object);
  }
  return created;
}

/** Deletes objects in the reverse of the order in which they were applied; those that are gone are passed over. */
export async function removeObjects(
  objects: readonly KubernetesObject[],
  kubeconfigPath: string,
): Promise<void> {
  const api = objectApi(kubeconfigPath);
  for (const object of objects.toReversed()) {
    await api.delete(object).catch((error: unknown) => {
      if (!isNotServed(error)) throw error;
    });
  }
}

function objectApi(kubeconfigPath: string): KubernetesObjectApi {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfigPath);
  return KubernetesObjectApi.makeApiClient(config);
}

async function exists(
  api: KubernetesObjectApi,
  { apiVersion, kind, metadata }: KubernetesObject,
): Promise<boolean> {
  const header = {
    apiVersion,
    kind,
    metadata: { name: metadata?.name ?? "", namespace: metadata?.namespace ?? "" },
  };
  try {
    await api.read(header);
    return true;
  } catch (error) {
    if (isNotServed(error)) return false;
    throw error;
  }
}

/** Reads the objects of YAML files and folders. */
async function readManifests(paths: readonly string[]): Promise<KubernetesObject[]> {
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
      if (!isNotServed(error) || performance.now() > deadline) throw error;
      await delay(lookAgainMs);
    }
  }
}

/** There is no such object, or its kind is not served (yet): a new kind is, a moment after its definition is stored. */
function isNotServed(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return (
    ("code" in error && error.code === 404) || error.message.startsWith("Unrecognized API version and kind")
  );
}
