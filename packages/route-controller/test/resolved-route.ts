import type { RouteClass } from "@datalayer/shared/crds/route-class";
import type { ResolvedMatch, ResolvedRoute, ResolvedRule, ResolvedTarget } from "../src/backends/backend.ts";

const uid = "5f0c7c1e-3b0a-4a7e-9c52-0d1f2e3a4b5c";

/** A Route of one rule that everyone may use, with what the test says of it. */
export function resolvedRoute(overrides: Partial<ResolvedRoute> = {}): ResolvedRoute {
  const { namespace = "team-a", name = "shop" } = overrides;
  return {
    namespace,
    name,
    uid,
    owner: { apiVersion: "datalayer.io/v1", kind: "Route", name, uid, controller: true },
    hosts: ["shop.example.com"],
    auth: { kind: "none" },
    rules: [resolvedRule()],
    policy: {},
    onUnsupported: "Reject",
    ...overrides,
  };
}

/** A rule for every request, to one Service. */
export function resolvedRule(overrides: Partial<ResolvedRule> = {}): ResolvedRule {
  return { name: "main", matches: [resolvedMatch()], targets: [resolvedTarget()], ...overrides };
}

/** A match of everything. */
export function resolvedMatch(overrides: Partial<ResolvedMatch> = {}): ResolvedMatch {
  return { priority: 1, ...overrides };
}

/** The Service `shop`, at its port 80. */
export function resolvedTarget(overrides: Partial<ResolvedTarget> = {}): ResolvedTarget {
  return { service: { name: "shop", port: 80 }, protocol: "http", weight: 1, ...overrides };
}

/** A class as the API server returns it. */
export function storedRouteClass(spec: RouteClass["spec"], name = "datalayer"): RouteClass {
  return {
    apiVersion: "datalayer.io/v1",
    kind: "RouteClass",
    metadata: {
      name,
      uid: `uid-of-${name}`,
      resourceVersion: "1",
      creationTimestamp: "2026-01-01T00:00:00Z",
    },
    spec,
  };
}
