import { annotation, label } from "./names.ts";
import type { Assignment } from "./runtime.ts";

/** Values by name; those without a value are not written. */
type Values = Record<string, string | undefined>;

/** The labels of an assigned runtime: all that other services select by. */
export function assignmentLabels(assignment: Assignment): Values {
  return {
    [label.state]: "assigned",
    [label.userUid]: assignment.userUid,
    [label.kernelType]: assignment.type,
    [label.reservationId]: assignment.reservationId,
    [label.claimKey]: assignment.claimKey,
  };
}

/** The annotations of an assigned runtime, among them those that ask node scalers to let it be. */
export function assignmentAnnotations(assignment: Assignment): Values {
  return {
    [annotation.claimId]: assignment.claimId,
    [annotation.bodySeal]: assignment.bodySeal,
    [annotation.bringsSecret]: assignment.bringsSecret ? "true" : undefined,
    [annotation.givenName]: assignment.givenName,
    [annotation.startedAt]: String(assignment.startedAt),
    [annotation.usedSeconds]: assignment.usedSeconds?.toString(),
    [annotation.expiredAt]: assignment.expiredAt?.toString(),
    [annotation.burningRate]: String(assignment.burningRate),
    [annotation.startDeadline]: assignment.startDeadline?.toString(),
    [annotation.safeToEvict]: "false",
    [annotation.doNotDisrupt]: "true",
  };
}
