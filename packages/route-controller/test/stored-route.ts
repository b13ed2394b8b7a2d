import type { Route, RouteSpec } from "@datalayer/shared/crds/route";
import { routeManifest } from "./builders.ts";

/** A Route as the API server returns it; see `routeManifest`. */
export function storedRoute(spec: Partial<RouteSpec> = {}, metadata: Partial<Route["metadata"]> = {}): Route {
  const { namespace = "team-a", name = "shop" } = metadata;
  return {
    ...routeManifest(namespace, name, spec),
    metadata: {
      namespace,
      name,
      uid: `uid-of-${namespace}-${name}`,
      resourceVersion: "1",
      generation: 1,
      creationTimestamp: "2026-01-01T00:00:00Z",
      ...metadata,
    },
  };
}
