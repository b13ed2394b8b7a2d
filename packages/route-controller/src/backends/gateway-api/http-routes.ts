import { createHash } from "node:crypto";
import {
  HttpRoute,
  type GatewayReference,
  type HttpRouteFilter,
  type HttpRouteMatch,
  type HttpRouteRule,
} from "@datalayer/shared/crds/gateway-api";
import type { Manifest } from "@datalayer/shared/kube/object";
import type { ResolvedRoute, ResolvedRule } from "../backend.ts";
import { matchesOf } from "./matches.ts";

/** Most rules of one HTTPRoute, and most matches of all its rules, as its definition allows. */
const limits = { rules: 16, matches: 128 };

/** The rules for one of a Route. Each match has a rule of its own where a prefix is replaced: which one it is counts. */
export function rulesOf(
  rule: ResolvedRule,
  filters: readonly HttpRouteFilter[],
  extras: Pick<HttpRouteRule, "timeouts" | "retry">,
): HttpRouteRule[] {
  const replacesPrefix = (rule.rewrite ?? rule.redirect)?.prefix !== undefined;
  const matches = rule.matches.flatMap(matchesOf);
  const groups = replacesPrefix ? matches.map((match) => [match]) : [matches];
  return groups.map((group) => ({
    matches: group,
    ...(filters.length > 0 && { filters: [...filters] }),
    ...(rule.targets.length > 0 && { backendRefs: rule.targets.map(backendRef) }),
    ...extras,
  }));
}

function backendRef({ service, weight }: ResolvedRule["targets"][number]) {
  return { group: "", kind: "Service", name: service.name, port: service.port, weight };
}

/** Where HTTPRoutes are attached, what their names begin with, and which hosts share one. */
export interface HttpRoutePlace {
  parentRefs: readonly GatewayReference[];
  purpose: "rt" | "rt-https";
  hostGroups: readonly (readonly string[])[];
}

/** As many HTTPRoutes as the rules need, in an order in which equal matches are decided as in one. */
export function httpRoutes(
  route: ResolvedRoute,
  { parentRefs, purpose, hostGroups }: HttpRoutePlace,
  rules: readonly HttpRouteRule[],
): Manifest<HttpRoute>[] {
  const portions = portionsOf(rules);
  const parts = hostGroups.flatMap((hosts) => portions.map((portion) => ({ hosts, portion })));
  return parts.map(({ hosts, portion }, index) => ({
    apiVersion: HttpRoute.apiVersion,
    kind: HttpRoute.kind,
    metadata: {
      namespace: route.namespace,
      // Of two HTTPRoutes with the same match, the first by name gets the request: hence the two digits.
      name: `${purpose}-${hashOf(route.uid)}-${String(index).padStart(2, "0")}`,
      ownerReferences: [route.owner],
    },
    spec: { parentRefs: [...parentRefs], hostnames: [...hosts], rules: portion },
  }));
}

/** The name of what is made of a Route once. */
export function nameFor(route: ResolvedRoute, purpose: string): string {
  return `${purpose}-${hashOf(route.uid)}`;
}

function hashOf(uid: string): string {
  return createHash("sha256").update(uid).digest("hex").slice(0, 20);
}

function portionsOf(rules: readonly HttpRouteRule[]): HttpRouteRule[][] {
  const portions: HttpRouteRule[][] = [];
  let matches = Infinity;
  for (const rule of rules) {
    const added = (rule.matches ?? ([] as HttpRouteMatch[])).length;
    const last = portions.at(-1);
    if (last === undefined || last.length === limits.rules || matches + added > limits.matches) {
      portions.push([rule]);
      matches = added;
    } else {
      last.push(rule);
      matches += added;
    }
  }
  return portions;
}
