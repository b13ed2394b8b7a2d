import type { RuntimeEnvironment } from "@datalayer/shared/crds/runtime-environment";
import type { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import type { ObjectReader } from "@datalayer/shared/kube/object-reader";
import type { Home } from "../pause/home.ts";
import type { Assignment, Runtime } from "../runtime/runtime.ts";
import type { RuntimeTokens } from "../runtime/runtime-tokens.ts";
import { ingressOf } from "../runtime/url.ts";
import type { z } from "zod";
import type { environmentView, RuntimeView } from "./schemas.ts";

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
  const { name, namespace, environment, assignment, pod, pool, ulid } = runtime;
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
    token: await tokens.of(runtime),
    ingress: ingressOf({ pool, ulid }, { publicUrl, podIP: pod.status?.podIP }),
    state: "assigned",
    started_at: String(assignment.startedAt),
    expired_at: assignment.expiredAt?.toString() ?? null,
  };
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

/** An environment as callers see it; what it costs is a matter of its pools. */
export function environmentViewOf(
  { metadata, spec }: RuntimeEnvironment,
  pools: readonly RuntimePool[],
): z.infer<typeof environmentView> {
  const rates = pools
    .filter(
      (pool) => pool.metadata.namespace === metadata.namespace && pool.spec.environment === metadata.name,
    )
    .map((pool) => pool.spec.burningRate ?? 0);
  const { resourcesRanges, kernel, ...described } = spec;
  return {
    name: metadata.name,
    namespace: metadata.namespace ?? "",
    ...described,
    kernel,
    resources: resourcesRanges.default,
    resourcesRanges,
    burning_rate: rates.length > 0 ? Math.min(...rates) : null,
  };
}
