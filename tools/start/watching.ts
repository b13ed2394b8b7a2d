import type { StartedCluster } from "@datalayer/devcluster/cluster";
import { UserError } from "@datalayer/devcluster/errors";
import { Image } from "@datalayer/shared/crds/image";
import { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import { loadAccess } from "@datalayer/shared/kube/access";
import { Informer } from "@datalayer/shared/kube/informer";
import { Pod } from "@datalayer/shared/kube/kinds";
import type { Kind, KubeObject, ObjectRef } from "@datalayer/shared/kube/object";
import { RestClient } from "@datalayer/shared/kube/rest";

const warmWithinMs = 300_000;
const builtWithinMs = 600_000;
const goneWithinMs = 60_000;

/**
 * Waits until every runtime of the pool is available, and notes how far it is.
 * @throws UserError with the pool's own words when that takes longer than five minutes.
 */
export async function untilWarm(
  cluster: StartedCluster,
  ref: ObjectRef,
  { note, signal }: { note: (text: string) => void; signal: AbortSignal },
): Promise<void> {
  const isWarm = (pool: RuntimePool | undefined): boolean => {
    const { available = 0 } = pool?.status ?? {};
    const { size = 0 } = pool?.spec ?? {};
    note(`${available} of ${size} available; ${wordsOf(pool)}`);
    return available >= size;
  };
  const late = (pool: RuntimePool | undefined): string =>
    `The pool ${ref.name} is not warm after ${warmWithinMs / 1000} s: ${wordsOf(pool)}`;
  await until(cluster, { kind: RuntimePool, ref, signal, timeoutMs: warmWithinMs, holds: isWarm, late });
}

/**
 * Waits until the Image is published, and notes how far it is.
 * @throws UserError with its own words when it cannot be built, or that takes longer than ten minutes.
 */
export async function untilBuilt(
  cluster: StartedCluster,
  ref: ObjectRef,
  { note, signal }: { note: (text: string) => void; signal: AbortSignal },
): Promise<void> {
  const isDecided = (image: Image | undefined): boolean => {
    note(wordsOf(image));
    return image?.status?.phase === "Ready" || image?.status?.phase === "Stalled";
  };
  const late = (image: Image | undefined): string =>
    `The Image ${ref.name} is not built after ${builtWithinMs / 1000} s: ${wordsOf(image)}`;
  const wait = { kind: Image, ref, signal, timeoutMs: builtWithinMs, holds: isDecided, late };
  const image = await until(cluster, wait);
  if (image?.status?.phase === "Ready") return;
  const log = image?.status?.build?.logTail ?? "";
  const way = `To go on without it: npm start -- --image ${cluster.imageRegistry}/datalayer/jupyter:dev`;
  throw new UserError(`The Image ${ref.name} could not be built: ${wordsOf(image)}\n${log}\n${way}`);
}

/** Waits until the Pod is gone. @throws UserError after a minute. */
export async function untilGone(cluster: StartedCluster, ref: ObjectRef): Promise<void> {
  const { signal } = new AbortController();
  const late = (): string => `Pod ${ref.name} is still there after ${goneWithinMs / 1000} s.`;
  const isGone = (pod: Pod | undefined): boolean => pod === undefined;
  await until(cluster, { kind: Pod, ref, signal, timeoutMs: goneWithinMs, holds: isGone, late });
}

interface Wait<T extends KubeObject> {
  kind: Kind<T>;
  ref: ObjectRef;
  signal: AbortSignal;
  timeoutMs: number;
  holds: (object: T | undefined) => boolean;
  late: (object: T | undefined) => string;
}

/** Resolves with the object that is waited for. */
async function until<T extends KubeObject>(cluster: StartedCluster, wait: Wait<T>): Promise<T | undefined> {
  const { kind, ref, signal, timeoutMs, holds, late } = wait;
  const access = loadAccess({ kubeconfigPath: cluster.kubeconfigPath });
  const client = new RestClient({ access, userAgent: "quickstart", fieldManager: "quickstart" });
  const informer = new Informer({
    client,
    kind,
    namespace: ref.namespace,
    fieldSelector: `metadata.name=${ref.name}`,
  });
  const { promise, resolve, reject } = Promise.withResolvers<T | undefined>();
  const look = (): void => {
    const object = informer.get(ref);
    if (holds(object)) resolve(object);
  };
  const done = new AbortController();
  const timer = setTimeout(() => reject(new UserError(late(informer.get(ref)))), timeoutMs);
  const onAbort = (): void => reject(signal.reason as Error);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    informer.start(done.signal);
    await Promise.race([informer.synced(), promise]);
    look();
    informer.onChange(look);
    return await promise;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
    done.abort();
    await client.close();
  }
}

function wordsOf(object: RuntimePool | Image | undefined): string {
  const reconciling = object?.status?.conditions?.find(({ type }) => type === "Reconciling");
  return reconciling?.message ?? "the operator has not looked at it yet";
}
