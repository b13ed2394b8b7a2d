import { findCondition, type ReportedCondition } from "@datalayer/shared/controller/conditions";
import type { PoolObservation } from "./observation.ts";

/** The reasons by which a pool tells of the Routes of its runtimes. */
export type RouteReason = "Routed" | "RouteNotReady" | "RoutesOff";

/** A Route takes a moment; a pool that told of each would be written with each claim. */
const quietMs = 10_000;

/** Why users do not reach what is ready, once that has been so for a while. */
export function unroutedOf({
  routes,
}: PoolObservation): { reason: RouteReason; message: string } | undefined {
  if (!routes) return undefined;
  const late = [...routes.unrouted.values()].filter(({ waitedMs }) => waitedMs >= quietMs);
  const [first] = late.map(({ why }) => why).toSorted();
  return first === undefined
    ? undefined
    : { reason: "RouteNotReady", message: `${first} ${meanwhile(routes.waitMs)}` };
}

/** The condition `Routed`; none where runtimes never had Routes. */
export function routedOf(observed: PoolObservation): ReportedCondition[] {
  const { routes, pool } = observed;
  const type = "Routed";
  if (!routes) {
    const hadRoutes = findCondition(pool.status?.conditions ?? [], type) !== undefined;
    const message = "The operator makes no Routes for runtimes.";
    return hadRoutes ? [{ type, status: "Unknown", reason: "RoutesOff", message }] : [];
  }
  const unrouted = unroutedOf(observed);
  if (unrouted) return [{ type, status: "False", ...unrouted }];
  const message = "What is available is reached by its URL.";
  return [{ type, status: "True", reason: "Routed", message }];
}

/** Time until waiting for a Route becomes something to tell, or to end. */
export function untilLookMs({ routes }: PoolObservation): number {
  if (!routes) return Infinity;
  const left = [...routes.unrouted.values()].flatMap(({ waitedMs }) => [
    quietMs - waitedMs,
    routes.waitMs - waitedMs,
  ]);
  return Math.min(...left.filter((leftMs) => leftMs > 0));
}

function meanwhile(waitMs: number): string {
  return waitMs === Infinity
    ? "Runtimes are not offered before their Route leads to them."
    : `Runtimes are offered all the same ${waitMs / 1000} s after they are ready; their URLs may not work yet.`;
}
