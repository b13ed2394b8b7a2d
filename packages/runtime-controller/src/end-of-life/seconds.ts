import type { Context } from "@datalayer/shared/controller/controller";
import { ApiError } from "@datalayer/shared/kube/api-error";
import type { ClaimHistory } from "../claim/claim-history.ts";
import type { ClaimOrder } from "../claim/claim-order.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { Runtimes } from "../runtime/runtimes.ts";
import type { EndReason } from "./end-reason.ts";
import { endRuntime } from "./end-runtime.ts";

/** Who knows which runtime of a claim key was the first. */
export interface Firsts {
  order: ClaimOrder;
  history: ClaimHistory;
  runtimes: Runtimes;
}

/** Why a runtime ends that was given to nobody, because another one had its claim key first. */
export const superseded = "Superseded" satisfies EndReason;

/** Whether another Pod had the claim's key first: this one was given to nobody, and has no usage. */
export async function isSecond(runtime: Runtime, firsts: Firsts): Promise<boolean> {
  if (runtime.end?.reason === superseded) return true;
  await learnOrder(runtime, firsts);
  return firsts.order.isSuperseded(runtime.pod);
}

/**
 * Ends the other Pods of an ending runtime's claim key. Those of replicas that died are known as seconds only
 * while the first is there: so they end before it goes.
 */
export async function endSeconds(first: Runtime, firsts: Firsts, { kube }: Context): Promise<void> {
  await learnOrder(first, firsts);
  const seconds = firsts.order.secondsOf(first.pod).flatMap((pod) => firsts.runtimes.of(pod) ?? []);
  await Promise.all(seconds.map((second) => endRuntime(kube, second, { reason: superseded })));
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
