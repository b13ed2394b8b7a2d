import type { RuntimeEnvironment } from "@datalayer/shared/crds/runtime-environment";
import type { ObjectReader } from "@datalayer/shared/kube/object-reader";
import { isStarting } from "../cold-start/starts.ts";
import type { Home } from "../pause/home.ts";
import type { Assignment, Runtime } from "../runtime/runtime.ts";
import type { RuntimeTokens } from "../runtime/runtime-tokens.ts";
import { ingressOf } from "../runtime/url.ts";
import type { z } from "zod";
import type { oneRuntime, RuntimeView } from "./schemas.ts";

/** What runtimes are shown with. */
export interface RuntimeViewOptions {
  environments: ObjectReader<RuntimeEnvironment>;
  tokens: RuntimeTokens;
  publicUrl?: string;
}

/** A runtime with its assignment. */
export type AssignedRuntime = Runtime & { assignment: Assignment };

/** Whether a user has the runtime. */
export function isAssigned(runtime: Runtime): runtime is AssignedRuntime {
  return runtime.assignment !== undefined;
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
  return { ...view, state: shownState[home.state], expired_at: null };
}

const shownState = {
  resuming: "starting",
  assigned: "starting",
  paused: "paused",
  ending: "ending",
} as const;

/** Epoch seconds as callers get them. */
function secondsOf(time: number | undefined): string | null {
  return time?.toString() ?? null;
}
