import { findCondition, type ReportedCondition } from "@datalayer/shared/controller/conditions";
import type { Report } from "@datalayer/shared/controller/controller";
import { type Outcome, settled, stalled, waiting } from "@datalayer/shared/controller/outcome";
import type { RuntimeEnvironment } from "@datalayer/shared/crds/runtime-environment";
import type { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import type { StartFailure } from "../runtime-pool/start-failure.ts";
import type { ResolvedImage } from "./image.ts";

/** What is known of an environment at one moment. */
export interface EnvironmentObservation {
  readonly image: ResolvedImage;
  /** The pools that use it, by name. */
  readonly pools: readonly RuntimePool[];
}

/** The reasons of an environment's conditions and Events, beside those of `ImageReason` and `StartFailureReason`. */
export type EnvironmentReason = "Usable" | "ImageResolved";

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
export function reportEnvironment({ image, pools }: EnvironmentObservation): Report<RuntimeEnvironment> {
  const outcome = outcomeOf(image, pools);
  return {
    status: {
      image: image.reference,
      pools: pools.slice(0, mostPools).map(({ metadata }) => metadata.name),
      poolCount: pools.length,
    },
    conditions: [...usable(outcome), imageResolved(image)],
    outcome,
  };
}

function outcomeOf(image: ResolvedImage, pools: readonly RuntimePool[]): Outcome {
  const { fault } = image;
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
