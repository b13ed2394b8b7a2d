import type { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import type { ReportedCondition } from "@datalayer/shared/controller/conditions";
import type { Report } from "@datalayer/shared/controller/controller";
import { type Outcome, settled, stalled, waiting } from "@datalayer/shared/controller/outcome";
import { label, runtimeApp } from "../runtime/names.ts";
import { labelValueOf } from "../runtime/label-value.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { countRuntimes, type PoolCounts } from "./counts.ts";
import type { PoolObservation } from "./observation.ts";
import { isWarm } from "./plan.ts";
import { startFailureOf } from "./start-failure.ts";

/** The reasons of a pool's conditions and Events, beside those of `StartFailureReason`. */
export type PoolReason =
  | "EnvironmentNotFound"
  | "QuotaExceeded"
  | "PodRefused"
  | "Warming"
  | "RollingOut"
  | "Available"
  | "NoneAvailable"
  | "Warm";

/** A Pod that the API server refused to create, and why. */
export interface Refusal {
  reason: "QuotaExceeded" | "PodRefused";
  message: string;
}

/** What became of the plan. */
export interface CarriedOut {
  refusal?: Refusal;
}

const lookAgainMs = 5_000;

/**
 * The status of a pool after its plan was carried out.
 *
 * `Ready` says that claims can be served, so it stays true while a few runtimes are replaced; `available`
 * and `desired` say how many. What hinders the refill shows as the outcome.
 */
export function reportPool(observed: PoolObservation, carriedOut: CarriedOut): Report<RuntimePool> {
  const counts = countRuntimes(observed.pool, observed.runtimes);
  return {
    status: { ...counts, revision: observed.template?.revision, selector: selectorOf(observed.pool) },
    conditions: conditionsOf(observed, counts, carriedOut),
    outcome: outcomeOf(observed, counts, carriedOut),
  };
}

function outcomeOf(observed: PoolObservation, counts: PoolCounts, { refusal }: CarriedOut): Outcome {
  const { pool, backoffMs } = observed;
  if (!observed.template) return stalled(environmentNotFound(pool));
  const retryAfterMs = Math.max(lookAgainMs, backoffMs);
  if (refusal) return waiting({ ...refusal, retryAfterMs });
  const failure = startFailures(observed)[0];
  if (failure) return waiting({ ...failure, retryAfterMs });
  if (outdatedOf(observed).length > 0) {
    return waiting({ reason: "RollingOut", message: rollOutMessage(observed), retryAfterMs });
  }
  if (isFilled(pool, counts)) return settled({ recheckAfterMs: 60_000 });
  const message = `${counts.available} of ${counts.desired} runtimes are available, ${counts.pending} are starting.`;
  return waiting({ reason: "Warming", message, retryAfterMs });
}

/** Once a pool has been full, the gap that a claim leaves is everyday work and not a state of its own. */
function isFilled(pool: RuntimePool, { available, desired }: PoolCounts): boolean {
  if (available >= desired) return true;
  const { conditions = [], observedGeneration } = pool.status ?? {};
  const wasFilled = conditions.some(({ type, status }) => type === "Reconciling" && status === "False");
  return available > 0 && wasFilled && observedGeneration === pool.metadata.generation;
}

function conditionsOf(
  observed: PoolObservation,
  counts: PoolCounts,
  carriedOut: CarriedOut,
): ReportedCondition[] {
  const { available, desired } = counts;
  const serves = available > 0 || desired === 0;
  const hindrance = hindranceOf(observed, carriedOut);
  const noneAvailable = { reason: "NoneAvailable", message: "No runtime is available to be assigned." };
  const served = { reason: "Available", message: "Runtimes are available to be assigned." };
  const is = serves ? served : (hindrance ?? noneAvailable);
  const outdated = outdatedOf(observed);
  return [
    { type: "Ready", status: serves ? "True" : "False", reason: is.reason, message: is.message },
    outdated.length === 0
      ? {
          type: "RolledOut",
          status: "True",
          reason: "Warm",
          message: "All warm runtimes are of the current revision.",
        }
      : { type: "RolledOut", status: "False", reason: "RollingOut", message: rollOutMessage(observed) },
  ];
}

function hindranceOf(
  observed: PoolObservation,
  { refusal }: CarriedOut,
): { reason: string; message: string } | undefined {
  if (!observed.template) return environmentNotFound(observed.pool);
  return refusal ?? startFailures(observed)[0];
}

function environmentNotFound(pool: RuntimePool): { reason: PoolReason; message: string } {
  const { environment } = pool.spec;
  const message =
    environment === undefined
      ? "spec.environment is not set; expected the name of a RuntimeEnvironment in this namespace."
      : `spec.environment: there is no RuntimeEnvironment "${environment}" in namespace ${pool.metadata.namespace ?? ""}.`;
  return { reason: "EnvironmentNotFound", message };
}

function startFailures({ runtimes }: PoolObservation): { reason: string; message: string }[] {
  return runtimes.filter(isWarm).flatMap(({ pod }) => startFailureOf(pod) ?? []);
}

function outdatedOf({ runtimes, template }: PoolObservation): Runtime[] {
  return runtimes.filter((runtime) => isWarm(runtime) && template && runtime.revision !== template.revision);
}

function rollOutMessage(observed: PoolObservation): string {
  const outdated = outdatedOf(observed).length;
  return `${outdated} warm runtimes are of an older revision than ${observed.template?.revision ?? "unknown"}.`;
}

function selectorOf({ metadata }: RuntimePool): string {
  const labels = {
    [label.app]: runtimeApp,
    [label.pool]: labelValueOf(metadata.name),
    [label.state]: "available",
  };
  return Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .join(",");
}
