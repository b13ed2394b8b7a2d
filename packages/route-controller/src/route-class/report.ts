import type { Report } from "@datalayer/shared/controller/controller";
import { settled, waiting } from "@datalayer/shared/controller/outcome";
import {
  type RouteClass,
  routeClassCondition,
  type RouteClassReason,
  routeClassReason,
} from "@datalayer/shared/crds/route-class";

/** Routes come and go all the time: their number is good enough when it is this old. */
const countAgainMs = 30_000;

/** What is known of a class. */
export interface ClassObservation {
  /** Routes that name it. */
  routes: number;
  /** What is missing for its backend, as a sentence. */
  fault?: string;
  /** What its backend can do beyond the least. */
  features?: readonly string[];
}

/** The status of a class. */
export function reportClass({ routes, fault, features }: ClassObservation): Report<RouteClass> {
  const status = { routes, ...(features && { features: [...features] }) };
  const type = routeClassCondition.accepted;
  if (fault !== undefined) {
    const reason: RouteClassReason = routeClassReason.noDataPlane;
    const because = { reason, message: fault };
    return {
      status,
      conditions: [{ type, status: "False", ...because }],
      outcome: waiting({ ...because, retryAfterMs: countAgainMs }),
    };
  }
  const message = "Routes can name it.";
  return {
    status,
    conditions: [{ type, status: "True", reason: routeClassReason.accepted, message }],
    outcome: settled({ recheckAfterMs: countAgainMs }),
  };
}
