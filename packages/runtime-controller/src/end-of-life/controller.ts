import {
  type Context,
  controller,
  type Controller,
  type Report,
} from "@datalayer/shared/controller/controller";
import { type Outcome, settled, waiting } from "@datalayer/shared/controller/outcome";
import { ApiError } from "@datalayer/shared/kube/api-error";
import { Pod } from "@datalayer/shared/kube/kinds";
import type { ObjectReader } from "@datalayer/shared/kube/object-reader";
import type { ClaimOrder } from "../claim/claim-order.ts";
import { usageFinalizer } from "../runtime/names.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { Runtimes } from "../runtime/runtimes.ts";
import { planEnding } from "./ending.ts";
import { hasStopped, stopDeadlineMs, type Usage, usageOf } from "./usage.ts";

/** What the end-of-life controller reads, and where usage goes. */
export interface EndOfLifeOptions {
  pods: ObjectReader<Pod>;
  runtimes: Runtimes;
  order: ClaimOrder;
  /** Called at least once per ended assignment, before its Pod may go. */
  recordUsage: (usage: Usage) => void;
}

/** Ends assigned runtimes whose time is over, and lets an ended one go once its usage is recorded. */
export function endOfLifeController({ pods, runtimes, order, recordUsage }: EndOfLifeOptions): Controller {
  return controller({
    name: "end-of-life",
    for: Pod,
    informer: pods,
    selects: (pod) => runtimes.of(pod)?.assignment !== undefined,
    reportsStatus: false,
    finalizer: usageFinalizer,
    reconcile: async (pod, context) => {
      const runtime = runtimes.of(pod);
      return runtime ? endWhenDue(runtime, order, context) : { outcome: settled() };
    },
    cleanup: (pod, { clock }) => Promise.resolve(closeUsage(runtimes.of(pod), clock.now(), recordUsage)),
  });
}

async function endWhenDue(runtime: Runtime, order: ClaimOrder, context: Context): Promise<Report<Pod>> {
  const isSuperseded = order.isSuperseded(runtime.pod);
  const ending = planEnding({ runtime, isSuperseded }, context.clock.now());
  if (!("end" in ending)) return { outcome: settled({ recheckAfterMs: ending.lookAgainAfterMs }) };
  const { uid } = runtime;
  context.event({ type: "Normal", reason: ending.end, note: `Runtime ${runtime.name} ends.` });
  await context.kube.delete(Pod, runtime, { uid }).catch((error: unknown) => {
    if (!(error instanceof ApiError && (error.isNotFound || error.isConflict))) throw error;
  });
  return { outcome: settled() };
}

function closeUsage(
  runtime: Runtime | undefined,
  nowMs: number,
  recordUsage: (usage: Usage) => void,
): Outcome {
  if (!runtime) return settled();
  if (!hasStopped(runtime, nowMs)) {
    const retryAfterMs = Math.max(1_000, stopDeadlineMs(runtime.pod.metadata.deletionTimestamp) - nowMs + 1);
    return waiting({ reason: "Stopping", message: "The containers are stopping.", retryAfterMs });
  }
  const usage = usageOf(runtime, nowMs);
  if (usage) recordUsage(usage);
  return settled();
}
