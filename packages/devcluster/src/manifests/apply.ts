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
import { UserError } from "../errors.ts";

/** Where and how to apply manifests. */
export interface ApplyOptions {
  kubeconfigPath: string;
  /** Changes each object before it is sent, such as its namespace. */
  transform?: (object: KubernetesObject) => KubernetesObject;
  /**
   * Whether to apply an object, decided right before that.
   * @param existing - what is there under its name. Default: every object is applied, and nothing is looked for.
   */
  selects?: (object: KubernetesObject, existing: KubernetesObject | undefined) => boolean;
}

const fieldManager = "devcluster";

/**
 * Applies the objects of YAML files in the order given, as `kubectl apply --server-side` does; of a folder, all its
 * `.yaml` files by name. Kinds whose CustomResourceDefinition came just before are waited for.
 */
export async function applyManifests(
  paths: readonly string[],
  { kubeconfigPath, transform = (object) => object, selects }: ApplyOptions,
): Promise<void> {
  const api = objectApi(kubeconfigPath);
  for (const object of (await readManifests(paths)).map(transform)) {
    if (!selects || selects(object, await read(api, object))) await applyOne(api, object);
  }
}

/**
 * Deletes objects in the reverse of the order in which they were applied, and waits until each is gone; those that are
 * gone are passed over.
 * @throws UserError naming the one that is still there after a minute.
 */
export async function removeObjects(
  objects: readonly KubernetesObject[],
  kubeconfigPath: string,
): Promise<void> {
  const api = objectApi(kubeconfigPath);
  for (const object of objects.toReversed()) {
    await api.delete(object).catch((error: unknown) => {
      if (!isNotServed(error)) throw error;
    });
    await untilGone(api, object);
  }
}

async function untilGone(api: KubernetesObjectApi, object: KubernetesObject): Promise<void> {
  const deadline = performance.now() + goneWithinMs;
  while ((await read(api, object)) !== undefined) {
    if (performance.now() > deadline)
      throw new UserError(
        `${object.kind ?? ""} ${object.metadata?.name ?? ""} is still there after ${goneWithinMs / 1000} s.`,
      );
    await delay(lookAgainMs);
  }
}

function objectApi(kubeconfigPath: string): KubernetesObjectApi {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfigPath);
  return KubernetesObjectApi.makeApiClient(config);
}

/** The object as it is; undefined when it is not there. */
async function read(
  api: KubernetesObjectApi,
  { apiVersion, kind, metadata }: KubernetesObject,
): Promise<KubernetesObject | undefined> {
  const header = {
    apiVersion,
    kind,
    metadata: { name: metadata?.name ?? "", namespace: metadata?.namespace ?? "" },
  };
  try {
    return await api.read(header);
  } catch (error) {
    if (isNotServed(error)) return undefined;
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
const goneWithinMs = 60_000;
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
