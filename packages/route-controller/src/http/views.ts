import { conditionView } from "@datalayer/shared/http/condition";
import type { Route } from "@datalayer/shared/crds/route";
import { defaultRouteClass } from "@datalayer/shared/crds/route-class";
import { explain } from "../explanation/explain.ts";
import type { RouteDetail, RouteView } from "./schemas.ts";

/** What a list shows of a Route. */
export function viewOf({ metadata, spec, status }: Route): RouteView {
  const { namespace = "", name, uid } = metadata;
  return {
    namespace,
    name,
    uid,
    class: spec.routeClassName ?? defaultRouteClass,
    hosts: spec.hosts,
    url: status?.url ?? null,
    ...readinessOf(status),
  };
}

function readinessOf(status: Route["status"]): Pick<RouteView, "ready" | "reason"> {
  const ready = status?.conditions?.find(({ type }) => type === "Ready");
  if (!ready) return { ready: null, reason: null };
  return { ready: ready.status === "Unknown" ? null : ready.status === "True", reason: ready.reason };
}

/** All that is known of a Route. */
export function detailOf(route: Route): RouteDetail {
  const { conditions = [], conflictsWith = [], backends = [] } = route.status ?? {};
  const { traffic, access, emitted, readiness, advice } = explain(route);
  return {
    ...viewOf(route),
    conditions: conditions.map(conditionView),
    conflicts_with: conflictsWith.map(({ host, path, route: other }) => ({
      host,
      path,
      route: other ?? null,
    })),
    backends: backends.map(({ class: name, objects = [], replicas, unsupported = [] }) => ({
      class: name,
      objects: objects.map(({ apiVersion, kind, name: object }) => ({
        api_version: apiVersion,
        kind,
        name: object,
      })),
      replicas_programmed: replicas?.programmed ?? null,
      replicas_total: replicas?.total ?? null,
      unsupported: unsupported.map(({ field, reason }) => ({ field, reason })),
    })),
    explanation: {
      traffic: [...traffic],
      access,
      emitted: [...emitted],
      readiness,
      advice: advice ?? null,
    },
  };
}
