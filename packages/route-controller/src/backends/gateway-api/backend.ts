import {
  Gateway,
  type GatewayReference,
  type HttpRouteRule,
  ReferenceGrant,
} from "@datalayer/shared/crds/gateway-api";
import type { RoutePolicy } from "@datalayer/shared/crds/route";
import type { RouteClass } from "@datalayer/shared/crds/route-class";
import type { Manifest } from "@datalayer/shared/kube/object";
import type { Backend, ResolvedRoute, Unsupported } from "../backend.ts";
import { type Attachment, attachmentOf } from "./attachment.ts";
import type { GatewayApiCapabilities, GatewayFeature } from "./capabilities.ts";
import { withoutFields } from "./degrade.ts";
import { filtersOf } from "./filters.ts";
import { type HttpRoutePlace, httpRoutes, nameFor, rulesOf } from "./http-routes.ts";
import { matchesOf } from "./matches.ts";
import { type HasFeature, type Refusal, refusalsOf } from "./refusals.ts";

/** Serves Routes by any implementation of the Gateway API, as HTTPRoutes of the Gateway that the class names. */
export const gatewayApiBackend: Backend<GatewayApiCapabilities> = {
  name: "gateway-api",
  translate(route, routeClass, { features, listeners }) {
    const attachment = attachmentOf(route, routeClass, listeners);
    const has = (feature: GatewayFeature) => features.has(feature);
    const refusals = [...attachment.refusals, ...refusalsOf(route, has)];
    const reject = route.onUnsupported === "Reject";
    const final = refusals.filter(({ mayDegrade }) => reject || !mayDegrade);
    if (final.length > 0) return { unsupported: final.map(unsupportedOf) };
    const servable = withoutFields(route, new Set(refusals.map(({ field }) => field)));
    const hostGroups = hostGroupsOf(route, has);
    return {
      objects: [
        ...servingRoutes(servable, { ...attachment, routeClass, hostGroups }),
        ...redirectingRoutes(servable, { ...attachment, routeClass, hostGroups }),
        ...grants(servable, routeClass),
      ],
      degraded: refusals.map(unsupportedOf),
    };
  },
};

function unsupportedOf({ field, reason }: Refusal): Unsupported {
  return { field, reason };
}

interface Place extends Pick<HttpRoutePlace, "hostGroups">, Attachment {
  routeClass: RouteClass;
}

/** Each host has HTTPRoutes of its own where the length of the others would count for it. */
function hostGroupsOf({ hosts }: ResolvedRoute, has: HasFeature): HttpRoutePlace["hostGroups"] {
  return has("PathPrecedence") ? [hosts] : hosts.map((host) => [host]);
}

function servingRoutes(route: ResolvedRoute, { routeClass, hostGroups, serve }: Place) {
  const extras = extrasOf(route.policy);
  const rules = route.rules.flatMap((rule) => rulesOf(rule, filtersOf(rule, route.policy), extras));
  const place = { parentRefs: parentRefs(routeClass, serve), purpose: "rt", hostGroups } as const;
  return httpRoutes(route, place, rules);
}

function extrasOf({ timeouts, retry }: RoutePolicy): Pick<HttpRouteRule, "timeouts" | "retry"> {
  return {
    ...(timeouts?.request !== undefined && { timeouts: { request: timeouts.request } }),
    ...(retry && { retry: retryOf(retry) }),
  };
}

function retryOf({ attempts, initialInterval }: NonNullable<RoutePolicy["retry"]>) {
  return { attempts, ...(initialInterval !== undefined && { backoff: initialInterval }) };
}

/** What HTTP answers where only HTTPS is served. */
function redirectingRoutes(route: ResolvedRoute, { routeClass, hostGroups, redirect }: Place) {
  if (redirect.length === 0) return [];
  const toHttps = { scheme: "https", statusCode: 301 };
  const rules = route.rules.map(({ matches }): HttpRouteRule => ({
    matches: matches.flatMap(({ path, priority }) => matchesOf({ ...(path && { path }), priority })),
    filters: [{ type: "RequestRedirect", requestRedirect: toHttps }],
  }));
  const place = { parentRefs: parentRefs(routeClass, redirect), purpose: "rt-https", hostGroups } as const;
  return httpRoutes(route, place, rules);
}

function parentRefs({ spec: { gateway } }: RouteClass, listeners: readonly string[]): GatewayReference[] {
  if (!gateway) return [];
  const [group = ""] = Gateway.apiVersion.split("/");
  return listeners.map((sectionName) => ({
    group,
    kind: Gateway.kind,
    namespace: gateway.namespace,
    name: gateway.name,
    sectionName,
  }));
}

/** Lets a Gateway of another namespace read the certificate of the Route, and no other Secret. */
function grants(route: ResolvedRoute, { spec: { gateway } }: RouteClass): Manifest<ReferenceGrant>[] {
  if (!route.tls || !gateway || gateway.namespace === route.namespace) return [];
  const [group = ""] = Gateway.apiVersion.split("/");
  return [
    {
      apiVersion: ReferenceGrant.apiVersion,
      kind: ReferenceGrant.kind,
      metadata: {
        namespace: route.namespace,
        name: nameFor(route, "rt-certificate"),
        ownerReferences: [route.owner],
      },
      spec: {
        from: [{ group, kind: Gateway.kind, namespace: gateway.namespace }],
        to: [{ group: "", kind: "Secret", name: route.tls.secretName }],
      },
    },
  ];
}
