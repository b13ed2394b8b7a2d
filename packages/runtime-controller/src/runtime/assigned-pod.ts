import type { Pod } from "@datalayer/shared/kube/kinds";
import type { Manifest } from "@datalayer/shared/kube/object";
import { assignmentAnnotations, assignmentLabels } from "./assignment-metadata.ts";
import { usageFinalizer } from "./names.ts";
import { buildWarmPod, type RuntimeTemplate } from "./pod-builder.ts";
import type { Assignment } from "./runtime.ts";

/**
 * The Pod of a runtime that belongs to a user from its first moment: of a cold start, or of one that resumes.
 *
 * It is the warm Pod of the same template, with all that a claim would have written: POST it once, and there is
 * no moment at which it has no user. No pool owns it, so the end of a pool does not take it, and the usage
 * finalizer is there before anything runs. Its token Secret has to be created after it, as for a warm one.
 *
 * Only the operator may create it: the admission policy of the chart refuses it from others, and without user,
 * type, claim id and finalizer from everybody.
 *
 * @param assignment - give it a `startDeadline` when its time, and what it costs, count from when it is Ready.
 */
export function buildAssignedPod(
  template: RuntimeTemplate,
  identity: { ulid: string; tokenKeyId: string; revision: string },
  assignment: Assignment,
): Manifest<Pod> {
  const { metadata, ...pod } = buildWarmPod(template, identity);
  const { name, namespace } = metadata;
  return {
    ...pod,
    metadata: {
      name,
      namespace,
      labels: { ...metadata.labels, ...present(assignmentLabels(assignment)) },
      annotations: { ...metadata.annotations, ...present(assignmentAnnotations(assignment)) },
      finalizers: [usageFinalizer],
    },
  };
}

function present(values: Record<string, string | undefined>): Record<string, string> {
  const entries = Object.entries(values).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value]],
  );
  return Object.fromEntries(entries) as Record<string, string>;
}
