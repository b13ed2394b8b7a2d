import { findCondition } from "@datalayer/shared/controller/conditions";
import { type Gateway, HttpRoute } from "@datalayer/shared/crds/gateway-api";
import { routeReason } from "@datalayer/shared/crds/route";
import type { KubeObject, Manifest } from "@datalayer/shared/kube/object";
import type { Replica } from "./replicas.ts";
import type { Finding, Verdict } from "./verdict.ts";

/** Where a Gateway takes requests: its addresses, behind which its replicas are its own affair. */
export function gatewayReplicas(gateway: Gateway | undefined): Replica[] {
  const { listeners = [] } = gateway?.spec ?? {};
  return (gateway?.status?.addresses ?? []).map(({ value }) => {
    const origin = (scheme: "http" | "https"): string | undefined => {
      const listener = listeners.find(({ protocol }) => protocol.toLowerCase() === scheme);
      return listener && `${scheme}://${value.includes(":") ? `[${value}]` : value}:${listener.port}`;
    };
    return { name: value, api: undefined, http: origin("http"), https: origin("https") };
  });
}

/** The names of the HTTPRoutes among the objects of a Route. */
export function httpRouteNames(objects: readonly Manifest<KubeObject>[]): string[] {
  return objects.filter(({ kind }) => kind === HttpRoute.kind).map(({ metadata }) => metadata.name);
}

/**
 * What the Gateway says of HTTPRoutes: that it takes them as they are now. The Gateway API has no word for being
 * served; that is seen by requests only.
 * @param found - the HTTPRoutes of the Route; undefined for one that is not there.
 */
export function judgeHttpRoutes(
  found: readonly (HttpRoute | undefined)[],
  addresses: number,
): Omit<Verdict, "behaves"> {
  if (addresses === 0) {
    const message = "The Gateway of the RouteClass has no address.";
    return {
      programmed: { status: "Unknown", reason: routeReason.noDataPlane, message },
      replicas: { programmed: 0, total: 0 },
    };
  }
  const programmed = found.map(ofHttpRoute).find(({ status }) => status !== "True") ?? accepted;
  const isProgrammed = programmed.status === "True";
  return { programmed, replicas: { programmed: isProgrammed ? addresses : 0, total: addresses } };
}

const accepted: Finding = {
  status: "True",
  reason: routeReason.programmed,
  message: "The Gateway takes the HTTPRoutes as they are.",
};

function ofHttpRoute(route: HttpRoute | undefined): Finding {
  const parents = route?.status?.parents ?? [];
  if (!route || parents.length < (route.spec.parentRefs?.length ?? 0)) return notYet;
  for (const { conditions = [] } of parents) {
    for (const type of ["Accepted", "ResolvedRefs"]) {
      const condition = findCondition(conditions, type);
      if (!condition || condition.observedGeneration !== route.metadata.generation) return notYet;
      const { status, reason, message } = condition;
      if (status !== "True")
        return {
          status: "False",
          reason: routeReason.routerError,
          message: `${type}, ${reason}: ${message}`,
        };
    }
  }
  return accepted;
}

const notYet: Finding = {
  status: "False",
  reason: routeReason.notProgrammed,
  message: "The Gateway has not said yet what becomes of the HTTPRoutes as they are now.",
};
