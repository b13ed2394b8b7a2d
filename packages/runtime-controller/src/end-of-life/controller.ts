import {
  type Context,
  controller,
  type Controller,
  type Report,
} from "@datalayer/shared/controller/controller";
import { type Outcome, settled, waiting } from "@datalayer/shared/controller/outcome";
import { Pod } from "@datalayer/shared/kube/kinds";
import type { ObjectReader } from "@datalayer/shared/kube/object-reader";
import type { ClaimHistory } from "../claim/claim-history.ts";
import type { ClaimOrder } from "../claim/claim-order.ts";
import { usageFinalizer } from "../runtime/names.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { Runtimes } from "../runtime/runtimes.ts";
import { planEnding } from "./ending.ts";
import { deleteIfThere, endSeconds, isSecond } from "./seconds.ts";
import { hasStopped, stopDeadlineMs, type Usage, usageOf } from "./usage.ts";

/** What the end-of-life controller reads, and where usage goes. */
export interface EndOfLifeOptions {
  pods: ObjectReader<Pod>;
  runtimes: Runtimes;
  order: ClaimOrder;
  history: ClaimHistory;
  /** Called once per ended assignment before its Pod may go; again only by another process after a crash. */
  recordUsage: (usage: Usage) => void;
}

/** Ends assigned runtimes whose time is over, and lets an ended one go once its usage is recorded. */
export function endOfLifeController(options: EndOfLifeOptions): Controller {
  const { pods, runtimes } = options;
  const recordOnce = oncePerPod(options);
  return controller({
    name: "end-of-life",
    for: Pod,
    informer: pods,
    selects: (pod) => runtimes.of(pod)?.assignment !== undefined,
    reportsStatus: false,
    finalizer: usageFinalizer,
    reconcile: async (pod, context) => {
      const runtime = runtimes.of(pod);
      return runtime ? endWhenDue(runtime, options, context) : { outcome: settled() };
    },
    cleanup: async (pod, context) => {
      const runtime = runtimes.of(pod);
      if (runtime) await endSeconds(runtime, options, context);
      return closeUsage(runtime, context.clock.now(), recordOnce);
    },
  });
}

/** The finalizer may have to be removed again and again, but usage counts once. */
function oncePerPod({ pods, recordUsage }: EndOfLifeOptions): (usage: Usage) => void {
  const recorded = new Set<string>();
  pods.onChange(({ type, object }) => {
    if (type === "deleted") recorded.delete(object.metadata.uid);
  });
  return (usage) => {
    if (recorded.has(usage.podUid)) return;
    recordUsage(usage);
    recorded.add(usage.podUid);
  };
}

async function endWhenDue(
  runtime: Runtime,
  options: EndOfLifeOptions,
  context: Context,
): Promise<Report<Pod>> {
  const isSuperseded = await isSecond(runtime, options);
  const ending = planEnding({ runtime, isSuperseded }, context.clock.now());
  if (!("end" in ending)) return { outcome: settled({ recheckAfterMs: ending.lookAgainAfterMs }) };
  context.event({ type: "Normal", reason: ending.end, note: `Runtime ${runtime.name} ends.` });
  await deleteIfThere(runtime, context);
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
