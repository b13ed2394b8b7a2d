import type { Context } from "@datalayer/shared/controller/controller";
import { ApiError } from "@datalayer/shared/kube/api-error";
import { Pod } from "@datalayer/shared/kube/kinds";
import type { ObjectRef } from "@datalayer/shared/kube/object";
import type { ClaimHistory } from "../claim/claim-history.ts";
import type { ClaimOrder } from "../claim/claim-order.ts";
import type { Runtime } from "../runtime/runtime.ts";

/** Who knows which runtime of a claim key was the first. */
export interface Firsts {
  order: ClaimOrder;
  history: ClaimHistory;
}

/** Whether another Pod had the claim's key first: this one was given to nobody. */
export async function isSecond(runtime: Runtime, firsts: Firsts): Promise<boolean> {
  await learnOrder(runtime, firsts);
  return firsts.order.isSuperseded(runtime.pod);
}

/**
 * Ends the other Pods of an ending runtime's claim key. Those of replicas that died are known as seconds only
 * while the first is there: so they end before it goes.
 */
export async function endSeconds(first: Runtime, firsts: Firsts, context: Context): Promise<void> {
  await learnOrder(first, firsts);
  await Promise.all(
    firsts.order.secondsOf(first.pod).map(({ metadata }) => deleteIfThere(metadata, context)),
  );
}

/** Deletes this very Pod; one that is gone or was replaced is no error. */
export async function deleteIfThere(pod: ObjectRef & { uid: string }, { kube }: Context): Promise<void> {
  await kube.delete(Pod, pod, { uid: pod.uid }).catch((error: unknown) => {
    if (!(error instanceof ApiError && (error.isNotFound || error.isConflict))) throw error;
  });
}

/** After a restart only the API server may know in which order Pods of one key were claimed. */
async function learnOrder({ assignment }: Runtime, { order, history }: Firsts): Promise<void> {
  const key = assignment?.claimKey;
  if (key === undefined || order.first(key).kind !== "unordered") return;
  await history.first(key).catch((error: unknown) => {
    // Too long ago: without knowing the order, all stay.
    if (!(error instanceof ApiError && error.isGone)) throw error;
  });
}
