import {
  type Context,
  controller,
  type Controller,
  type Report,
} from "@datalayer/shared/controller/controller";
import { settled } from "@datalayer/shared/controller/outcome";
import { ApiError } from "@datalayer/shared/kube/api-error";
import { type Node, Pod } from "@datalayer/shared/kube/kinds";
import { keyOf } from "@datalayer/shared/kube/object";
import type { ObjectReader } from "@datalayer/shared/kube/object-reader";
import type { Runtimes } from "../runtime/runtimes.ts";
import { drainNoticeOf } from "./drain-notice.ts";
import { NodeOutlooks } from "./node-outlooks.ts";

/** What the drain controller reads. */
export interface NodeDrainOptions {
  pods: ObjectReader<Pod>;
  nodes: ObjectReader<Node>;
  runtimes: Runtimes;
  /** How long an assigned runtime may stay on a node that goes, in milliseconds; Infinity for ever. */
  deadlineMs: number;
}

/** Tells assigned runtimes that their node goes, and until when they may stay. What is warm is the pools' matter. */
export function nodeDrainController(options: NodeDrainOptions): Controller {
  const { pods, nodes, runtimes } = options;
  const outlooks = new NodeOutlooks(nodes);
  return controller({
    name: "node-drain",
    for: Pod,
    informer: pods,
    selects: (pod) => runtimes.of(pod)?.assignment !== undefined,
    watches: [{ informer: nodes, keys: (node) => assignedOn(node, runtimes) }],
    reportsStatus: false,
    reconcile: (pod, context) => notify(pod, { ...options, outlooks }, context),
  });
}

async function notify(
  pod: Pod,
  { pods, runtimes, outlooks, deadlineMs }: NodeDrainOptions & { outlooks: NodeOutlooks },
  { kube, clock, event }: Context,
): Promise<Report<Pod>> {
  const runtime = runtimes.of(pod);
  const nowMs = clock.now();
  const outlook = runtime && outlooks.ofRuntime(runtime, nowMs);
  const notice = runtime && drainNoticeOf(runtime, outlook ?? { kind: "staying" }, { nowMs, deadlineMs });
  if (!notice) return { outcome: settled() };
  try {
    pods.recordWrite(await kube.patch(Pod, pod.metadata, notice.operations));
  } catch (error) {
    // It has ended, or is another one by now; the watch brings what it is.
    if (error instanceof ApiError && (error.isNotFound || error.isPatchRefused))
      return { outcome: settled() };
    throw error;
  }
  const type = notice.reason === "NodeDraining" ? "Warning" : "Normal";
  event({ type, reason: notice.reason, note: notice.note });
  return { outcome: settled() };
}

function assignedOn({ metadata }: Node, runtimes: Runtimes): string[] {
  return runtimes
    .all()
    .filter(({ assignment, pod }) => assignment && pod.spec?.nodeName === metadata.name)
    .map((runtime) => keyOf(runtime));
}
