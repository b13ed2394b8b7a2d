import {
  type Context,
  controller,
  type Controller,
  type Report,
} from "@datalayer/shared/controller/controller";
import { type Outcome, settled, waiting } from "@datalayer/shared/controller/outcome";
import { Pod } from "@datalayer/shared/kube/kinds";
import type { ObjectReader } from "@datalayer/shared/kube/object-reader";
import { usageFinalizer } from "../runtime/names.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { endRuntime } from "./end-runtime.ts";
import { planEnding } from "./ending.ts";
import { endSeconds, type Firsts, isSecond } from "./seconds.ts";
import { enoughRecords, type UsageLedger } from "./usage-ledger.ts";
import type { UsageRecord } from "./usage-record.ts";
import { hasStopped, stopDeadlineMs, usageOf } from "./usage.ts";

/** What the end-of-life controller reads, and where usage goes. */
export interface EndOfLifeOptions extends Firsts {
  pods: ObjectReader<Pod>;
  /** Whether nobody has used the runtime for as long as its pool allows. */
  isIdle: (runtime: Runtime) => boolean;
  ledger: Pick<UsageLedger, "append">;
  /** Called once per ended assignment, when its usage is stored; again only by another process after a crash. */
  tellUsage: (usage: UsageRecord) => void;
}

/** While the usage of some runtimes is written, that of as many others is gathered. */
const workers = 2 * enoughRecords;

/** Ends assigned runtimes whose time is over, and lets an ended one go once its usage is stored. */
export function endOfLifeController(options: EndOfLifeOptions): Controller {
  const { pods, runtimes } = options;
  const tellOnce = oncePerPod(options);
  return controller({
    name: "end-of-life",
    for: Pod,
    informer: pods,
    workers,
    selects: (pod) => runtimes.of(pod)?.assignment !== undefined,
    reportsStatus: false,
    finalizer: usageFinalizer,
    reconcile: async (pod, context) => {
      const runtime = runtimes.of(pod);
      return runtime ? endWhenDue(runtime, options, context) : { outcome: settled() };
    },
    cleanup: async (pod, context) => {
      const runtime = runtimes.of(pod);
      return runtime ? closeUsage(runtime, { ...options, tellUsage: tellOnce }, context) : settled();
    },
  });
}

/** The finalizer may have to be removed again and again, but usage counts once. */
function oncePerPod({ pods, tellUsage }: EndOfLifeOptions): (usage: UsageRecord) => void {
  const told = new Set<string>();
  pods.onChange(({ type, object }) => {
    if (type === "deleted") told.delete(object.metadata.uid);
  });
  return (usage) => {
    if (told.has(usage.id)) return;
    tellUsage(usage);
    told.add(usage.id);
  };
}

async function endWhenDue(
  runtime: Runtime,
  options: EndOfLifeOptions,
  context: Context,
): Promise<Report<Pod>> {
  const isSuperseded = await isSecond(runtime, options);
  const isIdle = options.isIdle(runtime);
  const ending = planEnding({ runtime, isSuperseded, isIdle }, context.clock.now());
  if (!("end" in ending)) return { outcome: settled({ recheckAfterMs: ending.lookAgainAfterMs }) };
  await endRuntime(context.kube, runtime, { reason: ending.end });
  context.event({ type: "Normal", reason: ending.end, note: `Runtime ${runtime.name} ends.` });
  return { outcome: settled() };
}

async function closeUsage(runtime: Runtime, options: EndOfLifeOptions, context: Context): Promise<Outcome> {
  const { ledger, tellUsage } = options;
  const nowMs = context.clock.now();
  if (!hasStopped(runtime, nowMs)) {
    const retryAfterMs = Math.max(1_000, stopDeadlineMs(runtime.pod.metadata.deletionTimestamp) - nowMs + 1);
    return waiting({ reason: "Stopping", message: "The containers are stopping.", retryAfterMs });
  }
  const usage = (await isSecond(runtime, options)) ? undefined : usageOf(runtime, nowMs);
  if (!usage) return settled();
  await ledger.append(usage, context.kube);
  tellUsage(usage);
  // Last of all, since another may come until now.
  await endSeconds(runtime, options, context);
  return settled();
}
