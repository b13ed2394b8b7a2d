import type { DevCluster } from "@datalayer/devcluster/cluster";
import { UserError } from "@datalayer/devcluster/errors";
import { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import { loadAccess } from "@datalayer/shared/kube/access";
import { Informer } from "@datalayer/shared/kube/informer";
import type { ObjectRef } from "@datalayer/shared/kube/object";
import { RestClient } from "@datalayer/shared/kube/rest";

const warmWithinMs = 300_000;

/**
 * Waits until every runtime of the pool is available, and notes how far it is.
 * @throws UserError with the pool's own words when that takes longer than five minutes.
 */
export async function untilWarm(
  cluster: DevCluster,
  ref: ObjectRef,
  { note, signal }: { note: (text: string) => void; signal: AbortSignal },
): Promise<void> {
  const access = loadAccess({ kubeconfigPath: cluster.kubeconfigPath });
  const client = new RestClient({ access, userAgent: "quickstart", fieldManager: "quickstart" });
  const pools = new Informer({ client, kind: RuntimePool, namespace: ref.namespace });
  const warm = Promise.withResolvers<undefined>();
  pools.onChange(({ object: { metadata, spec, status } }) => {
    if (metadata.name !== ref.name) return;
    note(`${status?.available ?? 0} of ${spec.size ?? 0} available; ${wordsOf(status)}`);
    if ((status?.available ?? 0) >= (spec.size ?? 0)) warm.resolve(undefined);
  });
  const done = new AbortController();
  const timer = setTimeout(() => {
    const status = pools.get(ref)?.status;
    warm.reject(
      new UserError(`The pool ${ref.name} is not warm after ${warmWithinMs / 1000} s: ${wordsOf(status)}`),
    );
  }, warmWithinMs);
  const onAbort = (): void => warm.reject(signal.reason as Error);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    pools.start(done.signal);
    await warm.promise;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
    done.abort();
    await client.close();
  }
}

function wordsOf(status: RuntimePool["status"]): string {
  const reconciling = status?.conditions?.find(({ type }) => type === "Reconciling");
  return reconciling?.message ?? "the operator has not looked at it yet";
}
