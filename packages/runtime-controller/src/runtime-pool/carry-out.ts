import { ApiError, TransportError } from "@datalayer/shared/kube/api-error";
import { type JsonPatchOperation, pointer } from "@datalayer/shared/kube/json-patch";
import { type ControllerRevision, Pod } from "@datalayer/shared/kube/kinds";
import type { Manifest } from "@datalayer/shared/kube/object";
import type { ObjectReader } from "@datalayer/shared/kube/object-reader";
import type { RestClient } from "@datalayer/shared/kube/rest";
import type { Candidates } from "../claim/candidates.ts";
import { label } from "../runtime/names.ts";
import { forgetManagers } from "../runtime/pod-patch.ts";
import { buildWarmPod } from "../runtime/pod-builder.ts";
import { ensurePodSecret } from "../runtime/pod-secret.ts";
import { parseRuntime, type Runtime } from "../runtime/runtime.ts";
import type { RuntimeState } from "../runtime/state.ts";
import type { RuntimeTokens } from "../runtime/runtime-tokens.ts";
import { buildTokenSecret } from "../runtime/token-secret.ts";
import { podOfRecord } from "./last-good-record.ts";
import type { PoolObservation } from "./observation.ts";
import type { PoolPlan } from "./plan.ts";
import { type Refusal, refusalOf } from "./refusal.ts";
import { slowStart } from "./slow-start.ts";

/** What plans are carried out with. */
export interface Hands {
  kube: RestClient;
  pods: ObjectReader<Pod>;
  candidates: Candidates;
  tokens: RuntimeTokens;
  newUlid: () => string;
  /** Resolves when a Pod may be created without making claims wait. */
  giveWay: () => Promise<void>;
  /** UIDs of Pods whose token Secret is known to exist. */
  equipped: Set<string>;
}

/**
 * Creations of one run. What becomes ready meanwhile is offered by the next run only, and users wait for it; the
 * watch of the created Pods brings that run at once.
 */
const mostCreations = 60;

/** What became of the Pods to create of one revision. */
export interface Creations {
  /** Pods that were created; fewer than planned when one was refused, or when the plan is large. */
  created: number;
  refusal?: Refusal;
}

/** What became of a plan. */
export interface CarriedOut {
  /** Of the current revision. */
  current: Creations;
  /** Of the last good revision. */
  lastGood: Creations;
}

/** Makes the Pod of one new runtime. */
type PodMaker = (identity: { ulid: string; tokenKeyId: string }) => Manifest<Pod>;

/**
 * Writes a plan: states first, because users wait for them, then new Pods, then deletions.
 *
 * Every write is safe to lose or to repeat: states change by a patch that tests what it changes, a Pod that
 * may have been created is created again under the same name, and a deletion names UID and resourceVersion,
 * so that a runtime which was claimed meanwhile stays.
 */
export async function carryOut(
  plan: PoolPlan,
  { template }: Pick<PoolObservation, "template">,
  hands: Hands & { record?: ControllerRevision },
): Promise<CarriedOut> {
  await Promise.all([
    ...plan.promote.map((runtime) => setState(runtime, "available", hands)),
    ...plan.demote.map((runtime) => setState(runtime, "pending", hands)),
  ]);
  const { record } = hands;
  const lastGood = record && (await create(plan.refill, (identity) => podOfRecord(record, identity), hands));
  const current =
    template &&
    (await create(
      plan.create,
      (identity) => buildWarmPod(template, { ...identity, revision: template.revision }),
      hands,
    ));
  await Promise.all(plan.remove.map(({ runtime }) => removeWarm(runtime, hands)));
  return { current: creationsOf(current), lastGood: creationsOf(lastGood) };
}

async function create(count: number, make: PodMaker, hands: Hands): Promise<Created> {
  return slowStart(Math.min(count, mostCreations), () => createRuntime(make, hands));
}

type Created = Awaited<ReturnType<typeof slowStart>>;

/** @throws what a creation failed with, unless the API server refused it. */
function creationsOf(created: Created = { done: 0 }): Creations {
  const refusal = refusalOf(created.error);
  if (created.error && !refusal) throw created.error;
  return { created: created.done, refusal };
}

/** Creates the token Secret of a runtime unless it is there: a crash may have come between Pod and Secret. */
export async function ensureTokenSecret(runtime: Runtime, { kube, tokens, equipped }: Hands): Promise<void> {
  if (equipped.has(runtime.uid)) return;
  await ensurePodSecret(kube, buildTokenSecret(runtime.pod, await tokens.of(runtime)));
  equipped.add(runtime.uid);
}

async function setState(runtime: Runtime, state: RuntimeState, { kube, pods }: Hands): Promise<void> {
  const path = pointer("metadata", "labels", label.state);
  const operations: JsonPatchOperation[] = [
    { op: "test", path: "/metadata/uid", value: runtime.uid },
    { op: "test", path, value: runtime.state },
    { op: "replace", path, value: state },
    forgetManagers,
  ];
  try {
    pods.recordWrite(await kube.patch(Pod, runtime, operations));
  } catch (error) {
    if (!isOvertaken(error)) throw error;
  }
}

async function createRuntime(make: PodMaker, hands: Hands): Promise<void> {
  await hands.giveWay();
  const ulid = hands.newUlid();
  const tokenKeyId = await hands.tokens.currentKeyId();
  const pod = await createOnce(make({ ulid, tokenKeyId }), hands.kube);
  hands.pods.recordWrite(pod);
  const runtime = parseRuntime(pod);
  if (runtime) await ensureTokenSecret(runtime, hands);
}

/** Creates the Pod; when the answer is lost, looks whether it is there. */
async function createOnce(manifest: Manifest<Pod>, kube: RestClient): Promise<Pod> {
  try {
    return await kube.create(Pod, manifest);
  } catch (error) {
    const isUnclear =
      error instanceof TransportError ? error.sent : error instanceof ApiError && error.status >= 500;
    if (!isUnclear) throw error;
    return await kube.create(Pod, manifest).catch((again: unknown) => {
      if (again instanceof ApiError && again.isAlreadyExists) return kube.get(Pod, manifest.metadata);
      throw again;
    });
  }
}

async function removeWarm(runtime: Runtime, { kube, pods, candidates }: Hands): Promise<void> {
  candidates.reserve(runtime);
  const { uid } = runtime;
  const { resourceVersion } = runtime.pod.metadata;
  try {
    await kube.delete(Pod, runtime, { uid, resourceVersion });
    pods.recordDelete(runtime, uid);
  } catch (error) {
    candidates.putBack(runtime);
    if (!isOvertaken(error)) throw error;
  }
}

/** Somebody changed or removed the Pod first; the watch brings what it is now. */
function isOvertaken(error: unknown): boolean {
  if (!(error instanceof ApiError)) return false;
  return error.isNotFound || error.isConflict || error.isPatchRefused;
}
