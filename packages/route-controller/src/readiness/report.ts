import { findCondition, type ReportedCondition } from "@datalayer/shared/controller/conditions";
import { type Outcome, settled, waiting } from "@datalayer/shared/controller/outcome";
import { type Route, routeCondition, routeReason } from "@datalayer/shared/crds/route";
import type { Finding, Verdict } from "./verdict.ts";

/** What the status of a Route says of the data plane. */
export interface ReadinessReport {
  /** `Programmed` and `Ready`. */
  conditions: ReportedCondition[];
  replicas: { programmed: number; total: number };
  outcome: Outcome;
}

/** The observer says when there is something new; this is only for when it cannot. */
const lookAgainMs = 60_000;

/**
 * The conditions of a Route whose objects are all written. What was not looked at yet keeps what its status says, if
 * that speaks of the same objects.
 * @param className - name of its RouteClass.
 * @param hash - of its objects.
 */
export function reportReadiness(
  route: Route,
  seen: { className: string; hash: string; verdict: Verdict | undefined },
): ReadinessReport {
  const { verdict } = seen;
  if (verdict) return reportVerdict(verdict);
  return (
    reportBefore(route, seen) ?? reportVerdict({ programmed: notYet, replicas: { programmed: 0, total: 0 } })
  );
}

const notYet: Finding = {
  status: "Unknown",
  reason: routeReason.notProgrammed,
  message: "The replicas of the data plane have not been asked yet.",
};

function reportVerdict({ programmed, behaves, replicas }: Verdict): ReadinessReport {
  const ready = programmed.status === "True" ? (behaves ?? untried) : programmed;
  return {
    conditions: [
      { type: routeCondition.programmed, ...programmed },
      { type: "Ready", ...ready },
    ],
    replicas,
    outcome: outcomeOf(ready),
  };
}

const untried: Finding = {
  status: "Unknown",
  reason: routeReason.probeInconclusive,
  message: "No request has been tried yet.",
};

function reportBefore(
  { status = {} }: Route,
  { className, hash }: { className: string; hash: string },
): ReadinessReport | undefined {
  const { backends = [], conditions = [] } = status;
  const before = backends.find((backend) => backend.class === className && backend.hash === hash);
  const programmed = findCondition(conditions, routeCondition.programmed);
  const ready = findCondition(conditions, "Ready");
  if (!before?.replicas || !programmed || !ready) return undefined;
  return {
    conditions: [programmed, ready].map(({ type, status: value, reason, message }) => {
      return { type, status: value, reason, message };
    }),
    replicas: before.replicas,
    outcome: outcomeOf(ready),
  };
}

function outcomeOf({
  status,
  reason,
  message,
}: Pick<Finding, "reason" | "message"> & { status: string }): Outcome {
  return status === "True" ? settled() : waiting({ reason, message, retryAfterMs: lookAgainMs });
}
