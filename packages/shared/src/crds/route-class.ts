import { defineKind, type KubeObject } from "../kube/object.ts";
import type { Spec, StatusObject } from "./generated/routeclass-v1.ts";

export type RouteClassSpec = Spec;
export type RouteClassStatus = StatusObject;

/** What serves the Routes that name it, and which namespaces may have which hosts. */
export interface RouteClass extends KubeObject {
  spec: RouteClassSpec;
  status?: RouteClassStatus;
}

export const RouteClass = defineKind<RouteClass>({
  apiVersion: "datalayer.io/v1",
  kind: "RouteClass",
  plural: "route-classes",
  namespaced: false,
});

/** The class of Routes that name none; the route-controller creates it. */
export const defaultRouteClass = "datalayer";

/** Condition of a RouteClass beside Ready, Reconciling and Stalled: what it names is there. */
export const routeClassCondition = { accepted: "Accepted" } as const;

/** Why a condition of a RouteClass is as it is. */
export const routeClassReason = {
  accepted: "Accepted",
  noDataPlane: "NoDataPlane",
} as const;

/** One of them. */
export type RouteClassReason = (typeof routeClassReason)[keyof typeof routeClassReason];
