import { createHash } from "node:crypto";
import type { RouteReason } from "@datalayer/shared/crds/route";
import type { KubeObject, Manifest } from "@datalayer/shared/kube/object";
import type { ResolvedRoute } from "../backends/backend.ts";
import { type ExpectedRouter, expectedRouters } from "./expected-routers.ts";
import { httpRouteNames } from "./gateway-plane.ts";
import { planProbe, type ProbePlan } from "./probe-plan.ts";

/** A Route as readiness sees it: what the data plane has to show, and what is tried. */
export interface Subject {
  namespace: string;
  name: string;
  uid: string;
  /** Name of its RouteClass. */
  className: string;
  /** Changes with the objects: what was seen of others says nothing of these. */
  hash: string;
  routers: readonly ExpectedRouter[];
  /** Names of its HTTPRoutes, where a Gateway serves it. */
  httpRoutes: readonly string[];
  probe: ProbePlan;
  /** The many Routes of one kind that it is one of: only a sample of them is tried. */
  group?: string;
  /** Why nobody takes its requests yet, or any more: until somebody does, it is neither looked for nor tried. */
  waitsFor?: RouteReason;
}

/** What is looked at for a Route of which these objects were made. */
export function subjectOf(
  route: ResolvedRoute,
  parts: {
    className: string;
    hash: string;
    objects: readonly Manifest<KubeObject>[];
    group?: string | undefined;
    waitsFor?: RouteReason | undefined;
  },
): Subject {
  const { namespace, name, uid } = route;
  const { className, hash, objects, group, waitsFor } = parts;
  const seen = { routers: expectedRouters(namespace, objects), httpRoutes: httpRouteNames(objects) };
  return {
    ...{ namespace, name, uid, className, hash, ...seen, probe: planProbe(route) },
    ...(group !== undefined && { group }),
    ...(waitsFor && { waitsFor }),
  };
}

/** Whether this one is in the sample: always the same ones, `percent` of all. */
export function isSampled(uid: string, percent: number): boolean {
  return createHash("sha256").update(uid).digest().readUInt16BE() % 100 < percent;
}
