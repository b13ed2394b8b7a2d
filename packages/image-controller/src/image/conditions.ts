import type { ReportedCondition } from "@datalayer/shared/controller/conditions";
import { imageCondition, imageReason } from "@datalayer/shared/crds/image";
import type { Fault } from "./fault.ts";
import type { ImageObservation } from "./observation.ts";
import type { Step } from "./plan.ts";
import type { Summary } from "./summary.ts";

/** The conditions of an Image, the summary among them. */
export function conditionsOf(
  { look }: Pick<ImageObservation, "look">,
  step: Step,
  summary: Summary,
): ReportedCondition[] {
  return [
    ...summaryConditions(summary),
    sourceCondition(look),
    ...buildCondition(step, summary),
    publishedCondition(step, summary),
  ];
}

function summaryConditions({ state, reason, message }: Summary): ReportedCondition[] {
  const is = (expected: Summary["state"]) => (state === expected ? "True" : "False");
  return [
    { type: "Ready", status: is("ready"), reason, message },
    { type: "Reconciling", status: is("reconciling"), reason, message },
    { type: "Stalled", status: is("stalled"), reason, message },
  ];
}

function sourceCondition({ fault, resolved }: ImageObservation["look"]): ReportedCondition {
  const type = imageCondition.sourceResolved;
  if (fault) return { type, ...negative(fault) };
  if (!resolved)
    return { type, status: "Unknown", reason: imageReason.resolving, message: "It is being looked at." };
  const message = "What it is built from was found.";
  return { type, status: "True", reason: imageReason.sourceResolved, message };
}

/** Whether the build has succeeded, where that is decided on. */
const buildStatuses: Readonly<Record<Step["kind"], ReportedCondition["status"] | undefined>> = {
  publish: "True",
  failed: "False",
  "back-off": "False",
  cancelled: "False",
  queue: "Unknown",
  build: "Unknown",
  watch: "Unknown",
  drop: "Unknown",
  blocked: undefined,
  suspended: undefined,
};

/** Of what is not decided on the last word stands. */
function buildCondition(step: Step, { reason, message }: Summary): ReportedCondition[] {
  const type = imageCondition.buildSucceeded;
  const status = buildStatuses[step.kind];
  if (status === undefined) return [];
  if (status !== "True") return [{ type, status, reason, message }];
  const succeeded = "The registry holds a build of these inputs.";
  return [{ type, status, reason: imageReason.succeeded, message: succeeded }];
}

function publishedCondition(step: Step, { reason, message, state }: Summary): ReportedCondition {
  const type = imageCondition.published;
  if (step.kind === "publish" && state === "ready")
    return { type, status: "True", reason: imageReason.published, message };
  return { type, ...negative({ reason, message }) };
}

function negative({ reason, message }: Pick<Fault, "reason" | "message">) {
  return { status: "False" as const, reason, message };
}
