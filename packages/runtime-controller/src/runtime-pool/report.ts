import type { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import { findCondition, type ReportedCondition, SETTLED } from "@datalayer/shared/controller/conditions";
import type { Report } from "@datalayer/shared/controller/controller";
import { type Outcome, settled, stalled, waiting } from "@datalayer/shared/controller/outcome";
import { runtimeApp } from "@datalayer/shared/runtime/names";
import { label } from "../runtime/names.ts";
import { labelValueOf } from "../runtime/label-value.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { countRuntimes, type PoolCounts } from "./counts.ts";
import type { PoolObservation } from "./observation.ts";
import { isWarm } from "./plan.ts";
import type { Refusal } from "./refusal.ts";
import { type StartFailure, startFailureOf } from "./start-failure.ts";
import type { TemplateFault } from "./template.ts";
import { isOnTrial, lastGoodInFault } from "./trial.ts";
import { type RouteReason, routedOf, untilLookMs, unroutedOf } from "./report-routes.ts";

/** The reasons of a pool's conditions and Events, beside those of `StartFailureReason` and `TemplateFault`. */
export type PoolReason =
  | Refusal["reason"]
  | RouteReason
  | "Warming"
  | "RollingOut"
  | "CanaryFailed"
  | "Available"
  | "NoneAvailable"
  | "Warm";

const lookAgainMs = 5_000;

/**
 * The status of a pool after its plan was carried out.
 *
 * `Ready` says that claims can be served, so it stays true while a few runtimes are replaced; `available`
 * and `desired` say how many. What hinders the refill shows as the outcome. Messages hold no counts, which
 * would make each claim a change of conditions.
 */
export function reportPool(observed: PoolObservation): Report<RuntimePool> {
  const counts = countRuntimes(observed.pool, observed.runtimes);
  return {
    status: { ...counts, revision: observed.template?.revision, selector: selectorOf(observed.pool) },
    conditions: conditionsOf(observed, counts),
    outcome: outcomeOf(observed, counts),
  };
}

function outcomeOf(observed: PoolObservation, counts: PoolCounts): Outcome {
  const { pool, backoffMs } = observed;
  const retryAfterMs = Math.min(Math.max(lookAgainMs, backoffMs), untilLookMs(observed));
  const fault = faultOf(observed);
  // The refill goes on while the last good revision serves.
  const goesOn = fault?.isPassing ?? lastGoodInFault(observed) !== undefined;
  if (fault) return goesOn ? waiting({ ...fault, retryAfterMs }) : stalled(fault);
  const hindrance = hindranceOf(observed, counts);
  if (hindrance) return waiting({ ...hindrance, retryAfterMs });
  const rollOut = rollOutOf(observed);
  if (rollOut) return waiting({ ...rollOut, retryAfterMs });
  if (isFilled(pool, counts)) return settled({ recheckAfterMs: Math.min(60_000, untilLookMs(observed)) });
  return waiting({ reason: "Warming", message: "Fewer runtimes are available than desired.", retryAfterMs });
}

/** Once a pool has been full, the gap that a claim leaves is everyday work and not a state of its own. */
function isFilled({ metadata, status }: RuntimePool, { available, desired }: PoolCounts): boolean {
  if (available >= desired) return true;
  const wasFilled = findCondition(status?.conditions ?? [], "Reconciling")?.reason === SETTLED;
  return available > 0 && wasFilled && status?.observedGeneration === metadata.generation;
}

function conditionsOf(observed: PoolObservation, counts: PoolCounts): ReportedCondition[] {
  return [readyOf(observed, counts), rolledOutOf(observed), ...routedOf(observed)];
}

function readyOf(observed: PoolObservation, counts: PoolCounts): ReportedCondition {
  if (counts.available > 0 || counts.desired === 0) {
    const message = "Runtimes are available to be assigned.";
    return { type: "Ready", status: "True", reason: "Available", message };
  }
  const noneAvailable = { reason: "NoneAvailable", message: "No runtime is available to be assigned." };
  return { type: "Ready", status: "False", ...(hindranceOf(observed, counts) ?? noneAvailable) };
}

function rolledOutOf(observed: PoolObservation): ReportedCondition {
  const fault = faultOf(observed);
  if (fault) return { type: "RolledOut", status: "Unknown", ...fault };
  const rollOut = rollOutOf(observed);
  if (rollOut) return { type: "RolledOut", status: "False", ...rollOut };
  const message = "All warm runtimes are of the current revision.";
  return { type: "RolledOut", status: "True", reason: "Warm", message };
}

interface Because {
  reason: PoolReason | StartFailure["reason"] | TemplateFault["reason"];
  message: string;
}

/** Why it is not known what new Pods are made of, and what serves meanwhile. */
function faultOf(observed: PoolObservation): TemplateFault | undefined {
  const { fault } = observed;
  const lastGood = lastGoodInFault(observed);
  if (!fault || !lastGood) return fault;
  const { revision, refusal } = lastGood;
  const meanwhile = refusal
    ? `The last good revision, ${revision}, is refused: ${refusal.message}`
    : `The pool stays filled with runtimes of ${revision}, the last good revision.`;
  return { ...fault, message: `${fault.message}${fault.message.endsWith(".") ? "" : "."} ${meanwhile}` };
}

/** What keeps the pool from being full; a refusal matters only as long as Pods are missing. */
function hindranceOf(
  observed: PoolObservation,
  { desired, available, pending }: PoolCounts,
): Because | undefined {
  const fault = faultOf(observed);
  if (fault) return fault;
  const isShort = available + pending < desired;
  const { refusal } = isOnTrial(observed) ? (observed.lastGood ?? {}) : observed;
  return (isShort ? refusal : undefined) ?? startFailure(observed.runtimes) ?? unroutedOf(observed);
}

/** That of the first Pod by name, so that the message stays the same while several fail. */
function startFailure(runtimes: readonly Runtime[]): StartFailure | undefined {
  const starting = runtimes.filter((runtime) => isWarm(runtime) && !runtime.ready);
  const byName = starting.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  for (const { pod } of byName) {
    const failure = startFailureOf(pod);
    if (failure) return failure;
  }
  return undefined;
}

/** Why the pool does not consist of the current revision yet; undefined when it does. */
function rollOutOf(observed: PoolObservation): Because | undefined {
  const { template, runtimes } = observed;
  const isRolling = runtimes.some((runtime) => isWarm(runtime) && runtime.revision !== template?.revision);
  if (!template || !(isRolling || isOnTrial(observed))) return undefined;
  const failure = canaryFailureOf(observed);
  if (failure) return failure;
  const message = `Warm runtimes of an older revision are replaced by those of ${template.revision}.`;
  return { reason: "RollingOut", message };
}

function canaryFailureOf(observed: PoolObservation): Because | undefined {
  const { template, lastGood, runtimes, refusal, backoffMs } = observed;
  if (!template || !lastGood || !isOnTrial(observed)) return undefined;
  const canaries = runtimes.filter(({ revision }) => revision === template.revision);
  const ended = backoffMs > 0 ? { message: "its Pod ended" } : undefined;
  const failure = refusal ?? startFailure(canaries) ?? ended;
  if (!failure) return undefined;
  const message =
    `Revision ${template.revision} does not start: ${failure.message}. ` +
    `The pool stays filled with runtimes of ${lastGood.revision}, the last good revision.`;
  return { reason: "CanaryFailed", message };
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
