import { findCondition, type ReportedCondition } from "@datalayer/shared/controller/conditions";
import type { Report } from "@datalayer/shared/controller/controller";
import { type Outcome, settled, stalled, waiting } from "@datalayer/shared/controller/outcome";
import type { RuntimeEnvironment } from "@datalayer/shared/crds/runtime-environment";
import type { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import type { StartFailure } from "../runtime-pool/start-failure.ts";
import type { Selection, SelectionFault } from "../runtime-content/selection.ts";
import type { ImageFault, ResolvedImage } from "./image.ts";

/** What is known of an environment at one moment. */
export interface EnvironmentObservation {
  readonly image: ResolvedImage;
  /** What its references to contents select. */
  readonly contents: Selection;
  /** The pools that use it, by name. */
  readonly pools: readonly RuntimePool[];
}

/**
 * The reasons of an environment's conditions and Events, beside those of `ImageReason`, `SelectionFault` and
 * `StartFailureReason`.
 */
export type EnvironmentReason = "Usable" | "ImageResolved" | "ContentsResolved";

/** Why Pods cannot start: what is wrong with the environment rather than with the pool. */
const ofEnvironment: readonly StartFailure["reason"][] = [
  "ImagePullFailed",
  "CrashLooping",
  "ContainerConfigInvalid",
];
const mostPools = 100;
const lookAgainMs = 60_000;

/**
 * The status of an environment: what its name for an image has come to, who uses it, and whether runtimes of it
 * can be made and start.
 */
export function reportEnvironment(observed: EnvironmentObservation): Report<RuntimeEnvironment> {
  const { image, contents, pools } = observed;
  const outcome = outcomeOf(observed);
  return {
    status: {
      image: image.reference,
      pools: pools.slice(0, mostPools).map(({ metadata }) => metadata.name),
      poolCount: pools.length,
    },
    conditions: [...usable(outcome), imageResolved(image), contentsResolved(contents)],
    outcome,
  };
}

function outcomeOf({ image, contents, pools }: EnvironmentObservation): Outcome {
  const fault: ImageFault | SelectionFault | undefined = image.fault ?? contents.faults?.[0];
  if (!fault) return startFailure(pools) ?? settled();
  return fault.isPassing ? waiting({ ...fault, retryAfterMs: lookAgainMs }) : stalled(fault);
}

/** What the first of the pools says whose runtimes cannot start, so that the message stays while several fail. */
function startFailure(pools: readonly RuntimePool[]): Outcome | undefined {
  for (const { metadata, status } of pools) {
    const ready = findCondition(status?.conditions ?? [], "Ready");
    const isToBlame = ofEnvironment.some((reason) => reason === ready?.reason);
    if (ready?.status !== "False" || !isToBlame) continue;
    const { reason, message } = ready;
    return waiting({ reason, message: `Pool "${metadata.name}": ${message}`, retryAfterMs: lookAgainMs });
  }
  return undefined;
}

function usable(outcome: Outcome): ReportedCondition[] {
  if (outcome.kind !== "settled") return [];
  const reason: EnvironmentReason = "Usable";
  return [{ type: "Ready", status: "True", reason, message: "Pools can make runtimes of this environment." }];
}

function imageResolved(image: ResolvedImage): ReportedCondition {
  const type = "ImageResolved";
  const { reference, fault } = image;
  if (fault) return { type, status: "False", reason: fault.reason, message: fault.message };
  const reason: EnvironmentReason = "ImageResolved";
  return { type, status: "True", reason, message: `Runtimes run ${reference}.` };
}

/** With the first of several faults: it is mended first, and a message that lists them would change with each. */
function contentsResolved({ mounted, faults }: Selection): ReportedCondition {
  const type = "ContentsResolved";
  if (faults) return { type, status: "False", reason: faults[0].reason, message: faults[0].message };
  const reason: EnvironmentReason = "ContentsResolved";
  return { type, status: "True", reason, message: `Runtimes find ${mounted.length} contents mounted.` };
}
