import type { Image } from "@datalayer/shared/crds/image";
import { ApiError } from "@datalayer/shared/kube/api-error";
import { Job, Pod } from "@datalayer/shared/kube/kinds";
import type { KubeObject } from "@datalayer/shared/kube/object";
import type { RestClient } from "@datalayer/shared/kube/rest";
import { label } from "../image/names.ts";

/** One attempt to build an Image, by the name that all its objects have. */
export interface Attempt {
  image: Image;
  name: string;
}

/** Set on Pods by the Job controller. */
const jobLabel = "batch.kubernetes.io/job-name";
/** After this long it is asked again whether there is still something to wait for. */
const longestWatchSeconds = 30;

/** Its Job; undefined when it has none, or one of this name is not of this Image. */
export async function jobOf({ image, name }: Attempt, client: RestClient): Promise<Job | undefined> {
  const job = await unlessNotFound(client.get(Job, { namespace: image.metadata.namespace, name }));
  return job && isOf(image, job) ? job : undefined;
}

/** Whether an object was made for this Image, and not for one that had its name before. */
export function isOf({ metadata }: Image, object: KubeObject): boolean {
  return object.metadata.labels?.[label.image] === metadata.uid;
}

/** Its Pod; undefined when it has none yet, or no longer. */
export async function podOf(attempt: Attempt, client: RestClient): Promise<Pod | undefined> {
  const { items } = await client.list(Pod, selectionOf(attempt));
  return newest(items);
}

/** How a Pod is waited for. */
export interface AwaitPodOptions {
  client: RestClient;
  signal: AbortSignal;
}

/**
 * Waits until the Pod is as it should be. Answers with undefined when that will not come: the Pod, or the Job that would
 * make one, is gone.
 */
export async function awaitPod(
  attempt: Attempt,
  isAsWanted: (pod: Pod) => boolean,
  options: AwaitPodOptions,
): Promise<Pod | undefined> {
  for (let hadPod = false; ;) {
    const selection = { ...selectionOf(attempt), signal: options.signal };
    const { items, resourceVersion } = await options.client.list(Pod, selection);
    const pod = newest(items);
    if (pod && isAsWanted(pod)) return pod;
    hadPod ||= pod !== undefined;
    const mayCome = pod !== undefined || (!hadPod && (await jobOf(attempt, options.client)) !== undefined);
    if (!mayCome) return undefined;
    const changed = await nextPod({ ...selection, resourceVersion }, isAsWanted, options);
    if (changed) return changed;
  }
}

/** The first change after which the Pod is as it should be; undefined when it is time to look anew. */
async function nextPod(
  from: ReturnType<typeof selectionOf> & { resourceVersion: string },
  isAsWanted: (pod: Pod) => boolean,
  { client, signal }: AwaitPodOptions,
): Promise<Pod | undefined> {
  for await (const event of client.watch(Pod, { ...from, timeoutSeconds: longestWatchSeconds, signal })) {
    if (event.type === "DELETED") return undefined;
    if (event.type !== "BOOKMARK" && isAsWanted(event.object)) return event.object;
  }
  return undefined;
}

/** What a read answers with; undefined where there is no such object. */
export async function unlessNotFound<T>(read: Promise<T>): Promise<T | undefined> {
  try {
    return await read;
  } catch (error) {
    if (error instanceof ApiError && error.isNotFound) return undefined;
    throw error;
  }
}

function selectionOf({ image, name }: Attempt) {
  const { namespace, uid } = image.metadata;
  return { namespace, labelSelector: `${jobLabel}=${name},${label.image}=${uid}` };
}

function newest(pods: readonly Pod[]): Pod | undefined {
  return [...pods].sort((a, b) =>
    b.metadata.creationTimestamp.localeCompare(a.metadata.creationTimestamp),
  )[0];
}
