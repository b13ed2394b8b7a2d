import type { ReportedCondition } from "@datalayer/shared/controller/conditions";
import type { Report } from "@datalayer/shared/controller/controller";
import { settled, stalled, waiting } from "@datalayer/shared/controller/outcome";
import type { Dataset } from "@datalayer/shared/crds/dataset";
import type { RuntimeContent } from "@datalayer/shared/crds/runtime-content";
import type { ContentFault } from "./content-fault.ts";
import type { ContentPlan } from "./plan.ts";

/** The reasons of a content's conditions and Events, beside those of `ContentFault`. */
export type ContentReason = "Mountable" | "ClaimPending" | "SecretMissing";

/** Secrets are not watched. */
const lookAtSecretMs = 60_000;
const lookAtClaimMs = 10_000;
const removeReplacedMs = 1_000;
const askForDatashimMs = 60_000;

/**
 * The status of a content after its plan was carried out.
 *
 * @param dataset - of an s3 content: the one that there is now; undefined where Datashim is not installed.
 */
export function reportContent(plan: ContentPlan, dataset: Dataset | undefined): Report<RuntimeContent> {
  if (plan.fault) return { status: {}, outcome: stalled(plan.fault) };
  if (plan.secretFault !== undefined) {
    const because = { reason: "SecretMissing" satisfies ContentReason, message: plan.secretFault };
    return { status: {}, outcome: waiting({ ...because, retryAfterMs: lookAtSecretMs }) };
  }
  if (!plan.dataset) {
    const outcome = settled(plan.hasSecret ? { recheckAfterMs: lookAtSecretMs } : {});
    return { status: {}, conditions: [mountable], outcome };
  }
  return dataset ? reportDataset(dataset, plan) : datashimMissing();
}

function reportDataset(
  { metadata: { name }, status }: Dataset,
  { isReplacing }: ContentPlan,
): Report<RuntimeContent> {
  const { status: state = "Pending", info = "" } = status?.provision ?? {};
  const said = info === "" ? state : `${state}: ${info}`;
  if (state === "OK") {
    const outcome = settled({ recheckAfterMs: isReplacing ? removeReplacedMs : lookAtSecretMs });
    return { status: { claimName: name }, conditions: [mountable], outcome };
  }
  if (state === "Failed") {
    const message = `Datashim could not provide Dataset ${name}: ${said}.`;
    return {
      status: {},
      outcome: stalled({ reason: "DatasetFailed" satisfies ContentFault["reason"], message }),
    };
  }
  const because = {
    reason: "ClaimPending" satisfies ContentReason,
    message: `The claim of Dataset ${name} is not bound yet.`,
  };
  return { status: {}, outcome: waiting({ ...because, retryAfterMs: lookAtClaimMs }) };
}

/** Somebody has to install it: stalled; and as no object tells when that has been done, it is asked for again. */
function datashimMissing(): Report<RuntimeContent> {
  const because = {
    reason: "DatashimMissing" satisfies ContentFault["reason"],
    message:
      "spec.type: s3 contents are mounted by Datashim, which this cluster does not have: expected the kind Dataset of datashim.io/v1alpha1.",
  };
  const conditions: ReportedCondition[] = [
    { type: "Reconciling", status: "False", ...because },
    { type: "Stalled", status: "True", ...because },
  ];
  return { status: {}, conditions, outcome: waiting({ ...because, retryAfterMs: askForDatashimMs }) };
}

const mountable: ReportedCondition = {
  type: "Ready",
  status: "True",
  reason: "Mountable" satisfies ContentReason,
  message: "Runtimes can mount the content.",
};
