import {
  type Context,
  controller,
  type Controller,
  type Report,
} from "@datalayer/shared/controller/controller";
import { settled } from "@datalayer/shared/controller/outcome";
import { type JsonPatchOperation, pointer } from "@datalayer/shared/kube/json-patch";
import { Pod } from "@datalayer/shared/kube/kinds";
import type { ObjectReader } from "@datalayer/shared/kube/object-reader";
import { endRuntime, stillLives } from "../end-of-life/end-runtime.ts";
import { annotation } from "../runtime/names.ts";
import { addEach } from "../runtime/pod-patch.ts";
import { ensurePodSecret } from "../runtime/pod-secret.ts";
import type { Assignment, Runtime } from "../runtime/runtime.ts";
import type { Runtimes } from "../runtime/runtimes.ts";
import type { RouteWaits } from "../runtime-route/route-waits.ts";
import type { RuntimeTokens } from "../runtime/runtime-tokens.ts";
import { buildTokenSecret } from "../runtime/token-secret.ts";
import { planStart, startFailed } from "./plan-start.ts";

/** What the cold-start controller reads. */
export interface ColdStartOptions {
  pods: ObjectReader<Pod>;
  runtimes: Runtimes;
  tokens: RuntimeTokens;
  routeWaits: RouteWaits;
}

/**
 * Follows runtimes that were created for their users until they serve: then their time begins. What does not start
 * is ended, and says why.
 */
export function coldStartController(options: ColdStartOptions): Controller {
  const { pods, runtimes } = options;
  return controller({
    name: "cold-start",
    for: Pod,
    informer: pods,
    selects: (pod) => runtimes.of(pod)?.assignment?.startDeadline !== undefined,
    reportsStatus: false,
    reconcile: async (pod, context) => {
      const runtime = runtimes.of(pod);
      const { assignment } = runtime ?? {};
      if (!runtime || assignment?.startDeadline === undefined) return { outcome: settled() };
      return follow(runtime, { ...assignment, startDeadline: assignment.startDeadline }, options, context);
    },
  });
}

async function follow(
  runtime: Runtime,
  assignment: Assignment & { startDeadline: number },
  { pods, tokens, routeWaits }: ColdStartOptions,
  context: Context,
): Promise<Report<Pod>> {
  const { kube, clock } = context;
  const held = runtime.ready ? routeWaits.whyHeld(runtime) : undefined;
  const start = { deadline: assignment.startDeadline, held };
  const plan = planStart(runtime, start, clock.now());
  switch (plan.kind) {
    case "wait":
      // The replica that created the Pod may have died before it created the Secret.
      await ensurePodSecret(kube, buildTokenSecret(runtime.pod, await tokens.of(runtime)));
      return { outcome: settled({ recheckAfterMs: plan.lookAgainAfterMs }) };
    case "started":
      pods.recordWrite(await kube.patch(Pod, runtime, beginPatch(runtime, assignment, clock.now())));
      return { outcome: settled() };
    case "failed":
      context.event({ type: "Warning", reason: startFailed, note: plan.detail });
      await endRuntime(kube, runtime, { reason: startFailed, detail: plan.detail });
      return { outcome: settled() };
  }
}

/**
 * From now on it counts: the start, and with it the end by credits, move to this moment. Refused when somebody has
 * changed the credits since: then the next look moves the new end.
 */
function beginPatch(runtime: Runtime, assignment: Assignment, nowMs: number): JsonPatchOperation[] {
  const { startedAt, expiredAt, startDeadline } = assignment;
  const nowSeconds = Math.floor(nowMs / 1000);
  const path = (name: string): string => pointer("metadata", "annotations", name);
  return [
    ...stillLives(runtime),
    { op: "test", path: path(annotation.startDeadline), value: String(startDeadline) },
    { op: "test", path: path(annotation.expiredAt), value: expiredAt?.toString() ?? null },
    { op: "remove", path: path(annotation.startDeadline) },
    ...addEach("annotations", {
      [annotation.startedAt]: String(nowSeconds),
      [annotation.expiredAt]:
        expiredAt === undefined ? undefined : String(expiredAt + nowSeconds - startedAt),
    }),
  ];
}
