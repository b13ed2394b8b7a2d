import { type Context, controller, type Controller } from "@datalayer/shared/controller/controller";
import { type Outcome, settled, waiting } from "@datalayer/shared/controller/outcome";
import { ApiError } from "@datalayer/shared/kube/api-error";
import { deleteIfThere } from "@datalayer/shared/kube/delete-if-there";
import { PersistentVolumeClaim, Pod, Secret } from "@datalayer/shared/kube/kinds";
import type { ObjectRef } from "@datalayer/shared/kube/object";
import type { ObjectReader } from "@datalayer/shared/kube/object-reader";
import type { RuntimeTokens } from "../runtime/runtime-tokens.ts";
import { isAssigned, type Runtime } from "../runtime/runtime.ts";
import type { Runtimes } from "../runtime/runtimes.ts";
import { ensurePodSecret } from "../runtime/pod-secret.ts";
import { buildTokenSecret } from "../runtime/token-secret.ts";
import { type Home, parseHome } from "./home.ts";
import { homeAnnotation, homeFinalizer } from "./names.ts";
import { isItsPod } from "./plan.ts";
import { pausePatch } from "./record.ts";

/** What the controller of Pods with a home reads. */
export interface HomePodControllerOptions {
  volumeClaims: ObjectReader<PersistentVolumeClaim>;
  pods: ObjectReader<Pod>;
  runtimes: Runtimes;
  tokens: RuntimeTokens;
}

// The Secret of the Pod of before has the same name, until the garbage collector has taken it.
const secretAgainMs = 1_000;

/**
 * Gives Pods that took over from a home their token, and hands a runtime back to its home when its Pod goes
 * without the user's wish: evicted, culled, out of credits, or lost with its node. Nothing of the user's is lost.
 */
export function homePodController(options: HomePodControllerOptions): Controller {
  const { pods, runtimes } = options;
  const equipped = new Set<string>();
  pods.onChange(({ type, object }) => {
    if (type === "deleted") equipped.delete(object.metadata.uid);
  });
  return controller({
    name: "home-pod",
    for: Pod,
    informer: pods,
    selects: (pod) => pod.metadata.annotations?.[homeAnnotation.claim] !== undefined,
    reportsStatus: false,
    finalizer: homeFinalizer,
    reconcile: async (pod, context) => {
      const runtime = runtimes.of(pod);
      return { outcome: runtime ? await look(runtime, { ...options, equipped, context }) : settled() };
    },
    cleanup: async (pod, context) => {
      const runtime = runtimes.of(pod);
      if (runtime) await handBack(runtime, options, context);
      return settled();
    },
  });
}

interface Hands extends HomePodControllerOptions {
  equipped: Set<string>;
  context: Context;
}

async function look(runtime: Runtime, hands: Hands): Promise<Outcome> {
  const { volumeClaims, context } = hands;
  const { namespace } = runtime;
  const claim =
    volumeClaims.get({ namespace, name: claimNameOf(runtime) }) ?? (await readClaim(runtime, context));
  if (claim && parseHome(claim)?.runtime.name === runtime.name) return equip(runtime, hands);
  // Its home is gone, so nothing could be kept: it came too late.
  await deleteIfThere(context.kube, Pod, runtime);
  return settled();
}

async function equip(runtime: Runtime, { tokens, equipped, context }: Hands): Promise<Outcome> {
  if (equipped.has(runtime.uid)) return settled();
  const secret = buildTokenSecret(runtime.pod, await tokens.of(runtime));
  const isOurs =
    (await ensurePodSecret(context.kube, secret)) || (await isOwnedBy(runtime, secret.metadata, context));
  if (!isOurs)
    return waiting({
      reason: "SecretExists",
      message: "The Secret of the Pod before still has the name.",
      retryAfterMs: secretAgainMs,
    });
  equipped.add(runtime.uid);
  return settled();
}

/** Whether the Secret of this name goes with this Pod, and not with the one before. */
async function isOwnedBy({ uid }: Runtime, ref: ObjectRef, { kube }: Context): Promise<boolean> {
  const secret = await kube.get(Secret, ref).catch((error: unknown) => {
    if (error instanceof ApiError && error.isNotFound) return undefined;
    throw error;
  });
  return secret?.metadata.ownerReferences?.some((owner) => owner.uid === uid) ?? false;
}

async function handBack(
  runtime: Runtime,
  { volumeClaims }: HomePodControllerOptions,
  context: Context,
): Promise<void> {
  const claim = await readClaim(runtime, context);
  const home = claim && parseHome(claim);
  if (!home || !isAssigned(runtime) || !isHandedBack(runtime, home)) return;
  const nowSeconds = Math.floor(context.clock.now() / 1000);
  const patch = pausePatch(home, runtime, nowSeconds);
  volumeClaims.recordWrite(await context.kube.patch(PersistentVolumeClaim, claim.metadata, patch));
  const note = `Runtime ${runtime.name} is paused: its Pod went.`;
  context.event({ type: "Normal", reason: "Paused", note });
}

function isHandedBack(runtime: Runtime, home: Home): boolean {
  return home.runtime.name === runtime.name && isItsPod(runtime, home);
}

async function readClaim(runtime: Runtime, { kube }: Context): Promise<PersistentVolumeClaim | undefined> {
  const ref = { namespace: runtime.namespace, name: claimNameOf(runtime) };
  return kube.get(PersistentVolumeClaim, ref).catch((error: unknown) => {
    if (error instanceof ApiError && error.isNotFound) return undefined;
    throw error;
  });
}

function claimNameOf({ pod }: Runtime): string {
  return pod.metadata.annotations?.[homeAnnotation.claim] ?? "";
}
