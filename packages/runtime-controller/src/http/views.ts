import type { RuntimeEnvironment } from "@datalayer/shared/crds/runtime-environment";
import type { ObjectReader } from "@datalayer/shared/kube/object-reader";
import { isStarting } from "../cold-start/starts.ts";
import type { Home } from "../pause/home.ts";
import type { AssignedRuntime, Runtime } from "../runtime/runtime.ts";
import type { RuntimeTokens } from "../runtime/runtime-tokens.ts";
import { ingressOf } from "../runtime/url.ts";
import { startFailureOf } from "../runtime-pool/start-failure.ts";
import type { Routing } from "../runtime-route/routing.ts";
import type { z } from "zod";
import type { oneRuntime, RuntimeView } from "./schemas.ts";
import type { ShownRuntime } from "./shown-homes.ts";

/** What runtimes are shown with. */
export interface RuntimeViewOptions {
  environments: ObjectReader<RuntimeEnvironment>;
  tokens: RuntimeTokens;
  routing: Pick<Routing, "whyUnrouted">;
  publicUrl?: string;
}

/** A runtime as callers see it. */
export async function viewOf(runtime: AssignedRuntime, options: RuntimeViewOptions): Promise<RuntimeView> {
  const { name, namespace, environment, assignment, pod, pool, ulid, drain } = runtime;
  const { environments, tokens, publicUrl } = options;
  return {
    pod_name: name,
    uid: ulid,
    environment_name: environment,
    environment_title: environments.get({ namespace, name: environment })?.spec.title ?? environment,
    pool_name: pool,
    type: assignment.type,
    given_name: assignment.givenName,
    user_uid: assignment.userUid,
    reservation_id: assignment.reservationId ?? null,
    burning_rate: assignment.burningRate,
    token: (await tokens.find(runtime)) ?? null,
    ingress: ingressOf({ pool, ulid }, { publicUrl, podIP: pod.status?.podIP }),
    state: isStarting(runtime) ? "pending" : "assigned",
    state_detail: whyPending(runtime, options) ?? null,
    started_at: String(assignment.startedAt),
    expired_at: secondsOf(assignment.expiredAt),
    last_activity_at: secondsOf(runtime.lastActivityAt),
    node_draining_since: secondsOf(drain?.since),
    node_drain_ends_at: secondsOf(drain?.endsAt),
  };
}

/** The answer with one runtime. */
export async function answer(
  message: string,
  runtime: AssignedRuntime,
  options: RuntimeViewOptions,
): Promise<z.infer<typeof oneRuntime>> {
  return { success: true, message, runtime: await viewOf(runtime, options) };
}

/** The answer with one runtime that has no Pod. */
export async function answerHome(
  message: string,
  home: Home,
  options: RuntimeViewOptions,
): Promise<z.infer<typeof oneRuntime>> {
  return { success: true, message, runtime: await homeViewOf(home, options) };
}

/** A runtime without a Pod, as its home knows it. No credits end it meanwhile. */
export async function homeViewOf(home: Home, options: RuntimeViewOptions): Promise<RuntimeView> {
  const view = await viewOf(home.runtime, options);
  return {
    ...view,
    state: shownState[home.state],
    state_detail: whyWithoutPod(home) ?? null,
    expired_at: null,
  };
}

/** A runtime as callers see it, with a Pod or without. */
export function viewOfShown(
  { runtime, home }: ShownRuntime,
  options: RuntimeViewOptions,
): Promise<RuntimeView> {
  return home ? homeViewOf(home, options) : viewOf(runtime, options);
}

const shownState = {
  resuming: "starting",
  assigned: "starting",
  paused: "paused",
  ending: "ending",
} as const;

function whyWithoutPod({ state, pausedBecause, hindrance }: Home): string | undefined {
  if (state === "resuming") return hindrance?.because;
  return state === "paused" ? pausedBecause : undefined;
}

/** What a runtime that was created for its claim waits for; undefined when that is not known, and once it serves. */
function whyPending(runtime: Runtime, { routing }: RuntimeViewOptions): string | undefined {
  if (!isStarting(runtime)) return undefined;
  return runtime.ready ? routing.whyUnrouted(runtime) : startFailureOf(runtime.pod)?.message;
}

/** Epoch seconds as callers get them. */
function secondsOf(time: number | undefined): string | null {
  return time?.toString() ?? null;
}
