import { type Context, controller, type Controller } from "@datalayer/shared/controller/controller";
import { type Outcome, settled, waiting } from "@datalayer/shared/controller/outcome";
import { ApiError } from "@datalayer/shared/kube/api-error";
import { deleteIfThere } from "@datalayer/shared/kube/delete-if-there";
import type { JsonPatchOperation } from "@datalayer/shared/kube/json-patch";
import { PersistentVolumeClaim, Pod } from "@datalayer/shared/kube/kinds";
import { keyOf } from "@datalayer/shared/kube/object";
import type { ObjectReader } from "@datalayer/shared/kube/object-reader";
import { verdictOf } from "../claim/verdict.ts";
import { startFailed } from "../cold-start/plan-start.ts";
import { endRuntime } from "../end-of-life/end-runtime.ts";
import type { RuntimeTemplate } from "../runtime/pod-builder.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { Runtimes } from "../runtime/runtimes.ts";
import { type Home, parseHome } from "./home.ts";
import { buildHomePod } from "./home-pod.ts";
import { homeAnnotation } from "./names.ts";
import { type HomeStep, planHome } from "./plan.ts";
import { podNamed } from "./pod.ts";
import { adoptPatch, hinderPatch, pausePatch, releasePatch } from "./record.ts";

/** What the Pod of a home is made of, or why that is not known. */
export type HomeTemplate =
  | { template: RuntimeTemplate & { readonly revision: string }; fault?: undefined }
  | { template?: undefined; fault: { reason: string; message: string } };

/** What the home controller reads. */
export interface HomeControllerOptions {
  volumeClaims: ObjectReader<PersistentVolumeClaim>;
  pods: ObjectReader<Pod>;
  runtimes: Runtimes;
  templateOf: (home: Home) => HomeTemplate;
  /** Time for a Pod to serve, in seconds; then it is ended, and the runtime pauses. */
  startWithinSeconds: number;
}

const lookAgainMs = 10_000;
const nameTakenMs = 500;

/** Sees to it that a runtime with a home has the Pod that its home wants, or none. */
export function homeController(options: HomeControllerOptions): Controller {
  const { volumeClaims, pods, runtimes } = options;
  return controller({
    name: "home",
    for: PersistentVolumeClaim,
    informer: volumeClaims,
    selects: (claim) => parseHome(claim) !== undefined,
    watches: [{ informer: pods, keys: homeOfPod }],
    reportsStatus: false,
    reconcile: async (claim, context) => {
      const home = parseHome(claim);
      if (!home) return { outcome: settled() };
      const cached = runtimes.find(home.runtime.name);
      // That there is no Pod is asked of the API server: the cache may be late.
      const pod = cached ?? (await podNamed(context.kube, home.runtime));
      return { outcome: await carryOut(planHome(home, pod), { home, pod }, { ...options, context }) };
    },
  });
}

interface Hands extends HomeControllerOptions {
  context: Context;
}

interface Observed {
  home: Home;
  pod: Runtime | undefined;
}

async function carryOut(step: HomeStep, { home, pod }: Observed, hands: Hands): Promise<Outcome> {
  const { context } = hands;
  switch (step) {
    case "create-pod":
      return createPod(home, hands);
    case "adopt-pod":
      return change(home, adoptPatch(home, pod?.uid ?? ""), hands);
    case "delete-pod":
      return pod ? deletePod(pod, home, context) : settled();
    case "pause":
      return change(home, pausePatch(home, undefined, nowSeconds(context)), hands);
    case "remove-home":
      return removeHome(home, hands);
    case "none":
      return settled();
  }
}

/** A reason that was given for the end is written on the Pod first: its usage repeats it. */
async function deletePod(pod: Runtime, { runtime: { end } }: Home, { kube }: Context): Promise<Outcome> {
  if (end) await endRuntime(kube, pod, end);
  else await deleteIfThere(kube, Pod, pod);
  return settled();
}

async function createPod(home: Home, hands: Hands): Promise<Outcome> {
  const { templateOf, pods, context, startWithinSeconds } = hands;
  const { template, fault } = templateOf(home);
  if (!template) return hinder(home, fault, hands);
  const now = nowSeconds(context);
  const manifest = buildHomePod(template, home, { now, startDeadline: now + startWithinSeconds });
  try {
    pods.recordWrite(await context.kube.create(Pod, manifest));
    return settled();
  } catch (error) {
    // The Pod of before is still going, or an answer was lost: the next look tells.
    if (error instanceof ApiError && error.isAlreadyExists)
      return waiting({ reason: "PodExists", message: "A Pod has the name.", retryAfterMs: nameTakenMs });
    if (error instanceof ApiError && isRefusal(error))
      return hinder(home, { reason: "PodRefused", message: error.message }, hands);
    throw error;
  }
}

/** A quota, an admission policy or a webhook does not let the Pod be: that lasts until somebody changes something. */
function isRefusal(error: ApiError): boolean {
  return ["fault", "gone", "invalid", "refused"].includes(verdictOf(error));
}

/** Says why there is no Pod, and pauses the runtime when its time to start is over. */
async function hinder(
  home: Home,
  { reason, message }: NonNullable<HomeTemplate["fault"]>,
  hands: Hands,
): Promise<Outcome> {
  const { context, startWithinSeconds } = hands;
  const now = nowSeconds(context);
  const because = `${reason}: ${message}`;
  const leftSeconds = (home.hindrance?.since ?? now) + startWithinSeconds - now;
  if (leftSeconds <= 0) {
    const note = `Runtime ${home.runtime.name} is paused: ${because}`;
    context.event({ type: "Warning", reason: startFailed, note });
    return change(home, pausePatch(home, undefined, now, { reason: startFailed, detail: because }), hands);
  }
  if (home.hindrance?.because !== because) {
    context.event({ type: "Warning", reason, note: message });
    await change(home, hinderPatch(home, because, now), hands);
  }
  return waiting({ reason, message, retryAfterMs: Math.min(lookAgainMs, leftSeconds * 1000) });
}

async function removeHome(home: Home, hands: Hands): Promise<Outcome> {
  if (!home.isOwn) return change(home, releasePatch(home), hands);
  const { context, volumeClaims } = hands;
  const { metadata } = home.claim;
  if (metadata.deletionTimestamp !== undefined) return settled();
  await deleteIfThere(context.kube, PersistentVolumeClaim, metadata);
  volumeClaims.recordDelete(metadata, metadata.uid);
  return settled();
}

/** Writes a change of the home; whoever changed it first is heeded with the next look. */
async function change(home: Home, patch: JsonPatchOperation[], hands: Hands): Promise<Outcome> {
  const { context, volumeClaims } = hands;
  try {
    volumeClaims.recordWrite(await context.kube.patch(PersistentVolumeClaim, home.claim.metadata, patch));
  } catch (error) {
    if (!(error instanceof ApiError && (error.isNotFound || error.isPatchRefused))) throw error;
  }
  return settled();
}

function homeOfPod({ metadata }: Pod): string[] {
  const name = metadata.annotations?.[homeAnnotation.claim];
  return name === undefined ? [] : [keyOf({ namespace: metadata.namespace, name })];
}

function nowSeconds({ clock }: Context): number {
  return Math.floor(clock.now() / 1000);
}
