import { defineKind, type KubeObject } from "../kube/object.ts";
import type {
  Auth,
  Headers,
  Match,
  Policy,
  Redirect,
  Rewrite,
  Rule,
  Spec,
  StatusObject,
  TargetElement,
} from "./generated/route-v1.ts";

export type RouteSpec = Spec;
export type RouteStatus = StatusObject;
export type RouteAuth = Auth;
export type RouteRule = Rule;
export type RouteMatch = Match;
export type RouteTarget = TargetElement;
export type RouteRewrite = Rewrite;
export type RouteRedirect = Redirect;
export type RouteHeaders = Headers;
export type RoutePolicy = Policy;

/** Requests for some hosts and paths: who may send them, and where they go. */
export interface Route extends KubeObject {
  spec: RouteSpec;
  status?: RouteStatus;
}

export const Route = defineKind<Route>({ apiVersion: "datalayer.io/v1", kind: "Route", plural: "routes" });

/** Conditions of a Route beside Ready, Reconciling and Stalled, in the order in which they come true. */
export const routeCondition = {
  /** The class is there and takes it, and nothing in the spec speaks against it. */
  accepted: "Accepted",
  /** Its namespace may have the hosts, and no older Route has the same requests. */
  hostClaimed: "HostClaimed",
  /** All that it names is there. */
  resolvedRefs: "ResolvedRefs",
  /** The backend can do all of it, and the objects are written. */
  translated: "Translated",
  /** cert-manager has issued the certificate, or none is needed; `Unknown` with a Secret that the Route names. */
  certificateReady: "CertificateReady",
  /** Every replica of the data plane serves this very configuration. */
  programmed: "Programmed",
} as const;

/** Why a condition of a Route is as it is. */
export const routeReason = {
  accepted: "Accepted",
  classNotFound: "ClassNotFound",
  authRequired: "AuthRequired",
  invalidSpec: "InvalidSpec",
  hostClaimed: "HostClaimed",
  hostNotAllowed: "HostNotAllowed",
  conflict: "Conflict",
  deleting: "Deleting",
  resolvedRefs: "ResolvedRefs",
  refNotFound: "RefNotFound",
  refNotPermitted: "RefNotPermitted",
  noReadyPods: "NoReadyPods",
  noEndpoints: "NoEndpoints",
  translated: "Translated",
  unsupported: "Unsupported",
  degraded: "Degraded",
  certificateReady: "CertificateReady",
  certificatePending: "CertificatePending",
  certManagerMissing: "CertManagerMissing",
  secretNotRead: "SecretNotRead",
  certificateNotServed: "CertificateNotServed",
  notNeeded: "NotNeeded",
  programmed: "Programmed",
  notProgrammed: "NotProgrammed",
  routerError: "RouterError",
  probeInconclusive: "ProbeInconclusive",
  untried: "Untried",
  noDataPlane: "NoDataPlane",
  authNotEnforced: "AuthNotEnforced",
  targetFails: "TargetFails",
} as const;

/** One of them. */
export type RouteReason = (typeof routeReason)[keyof typeof routeReason];
