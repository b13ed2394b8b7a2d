import type { Condition } from "@datalayer/shared/crds/conditions";
import { type Route, routeCondition, routeReason, type RouteStatus } from "@datalayer/shared/crds/route";
import { accessOf, listed } from "./access.ts";
import { adviceFor } from "./advice.ts";
import { trafficOf } from "./traffic.ts";

/** What a Route does, what was made of it, and why it is not ready: a sentence or two each, in that order. */
export interface Explanation {
  traffic: readonly string[];
  access: string;
  emitted: readonly string[];
  readiness: string;
  /** What can be done about it; undefined when it is ready, or when there is nothing to do but wait. */
  advice?: string;
}

/** Explains a Route in plain language, from its spec and status alone. */
export function explain(route: Route): Explanation {
  const { spec, status = {} } = route;
  const obstacle = obstacleOf(route);
  const advice = obstacle && adviceFor(obstacle.reason);
  return {
    traffic: trafficOf(spec),
    access: accessOf(spec),
    emitted: emittedOf(status),
    readiness: readinessOf(route, obstacle),
    ...(advice !== undefined && { advice }),
  };
}

/** In the order in which they come true; the first that does not hold is the reason. */
const order = Object.values(routeCondition);

function conditionsOf({ metadata, status }: Route): Condition[] {
  const current = ({ observedGeneration = 0 }: Condition) => observedGeneration >= (metadata.generation ?? 0);
  return ((status?.conditions ?? []) as Condition[]).filter(current);
}

function obstacleOf(route: Route): Condition | undefined {
  const conditions = conditionsOf(route);
  const own = order
    .map((type) => conditions.find((condition) => condition.type === type))
    .find((condition) => condition !== undefined && isInTheWay(condition));
  return own ?? conditions.find(({ type, status }) => type === "Ready" && status !== "True");
}

/** What is in a Secret of its owner is never known, and keeps no Route from being ready. */
function isInTheWay({ status, reason }: Condition): boolean {
  return status !== "True" && reason !== routeReason.secretNotRead;
}

function readinessOf(route: Route, obstacle: Condition | undefined): string {
  const ready = conditionsOf(route).find(({ type }) => type === "Ready");
  if (ready?.status === "True") {
    const { url } = route.status ?? {};
    return url === undefined ? "It is ready." : `It is ready, at ${url}.`;
  }
  if (!obstacle) return "The controller has not looked at it in its present form yet.";
  const known = obstacle.status === "Unknown" ? "It is not known whether it is ready" : "It is not ready";
  return `${known}: ${obstacle.message || obstacle.reason}`;
}

function emittedOf({ backends = [] }: RouteStatus): string[] {
  if (backends.length === 0) return ["Nothing was made of it."];
  return backends.flatMap((backend) => {
    const { objects = [], replicas, unsupported = [] } = backend;
    const names = objects.map(({ kind, name }) => `${kind} ${name}`);
    const made = names.length > 0 ? listed(names, "and") : "nothing";
    const programmed = replicas
      ? ` ${replicas.programmed} of ${replicas.total} replicas of the data plane serve it.`
      : "";
    return [
      `The class ${backend.class} made ${made} of it.${programmed}`,
      ...unsupported.map(({ field, reason }) => `It leaves out ${field}: ${reason}.`),
    ];
  });
}
