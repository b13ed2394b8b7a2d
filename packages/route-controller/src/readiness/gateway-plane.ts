import { type Condition, findCondition } from "@datalayer/shared/controller/conditions";
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
  if (!route) return notYet;
  const { parentRefs = [] } = route.spec;
  const { parents = [] } = route.status ?? {};
  if (parents.length < parentRefs.length) return notYet;
  const findings = parents.flatMap(({ conditions = [] }) =>
    saying.map((type) => ofCondition(findCondition(conditions, type), route)),
  );
  return findings.find(({ status }) => status !== "True") ?? accepted;
}

/** What each parent says of an HTTPRoute. */
const saying = ["Accepted", "ResolvedRefs"];

function ofCondition(condition: Condition | undefined, { metadata }: HttpRoute): Finding {
  if (condition?.observedGeneration !== metadata.generation || !condition) return notYet;
  const { type, status, reason, message } = condition;
  if (status === "True") return accepted;
  return { status: "False", reason: routeReason.routerError, message: `${type}, ${reason}: ${message}` };
}

const notYet: Finding = {
  status: "False",
  reason: routeReason.notProgrammed,
  message: "The Gateway has not said yet what becomes of the HTTPRoutes as they are now.",
};
