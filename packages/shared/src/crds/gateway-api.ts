import { defineKind, type KubeObject } from "../kube/object.ts";
import type { Condition } from "./conditions.ts";

/** An object that another one names. */
export interface GatewayReference {
  group?: string;
  kind?: string;
  name: string;
  namespace?: string;
  port?: number;
  sectionName?: string;
}

/** Where requests of a rule go. */
export interface HttpBackendRef extends GatewayReference {
  weight?: number;
  filters?: HttpRouteFilter[];
}

/** Changes a request or its answer; the field named like the type is set. */
export interface HttpRouteFilter {
  type: string;
  [field: string]: unknown;
}

/** Which requests a rule is for. */
export interface HttpRouteMatch {
  path?: { type?: string; value?: string };
  method?: string;
  headers?: { type?: string; name: string; value: string }[];
  queryParams?: { type?: string; name: string; value: string }[];
}

/** One rule. */
export interface HttpRouteRule {
  name?: string;
  matches?: HttpRouteMatch[];
  filters?: HttpRouteFilter[];
  backendRefs?: HttpBackendRef[];
  timeouts?: { request?: string; backendRequest?: string };
  retry?: { attempts?: number; backoff?: string; codes?: number[] };
  sessionPersistence?: Record<string, unknown>;
}

/** A route of the Gateway API; only the fields that are used here. */
export interface HttpRoute extends KubeObject {
  spec: { parentRefs?: GatewayReference[]; hostnames?: string[]; rules?: HttpRouteRule[] };
  status?: {
    parents: { parentRef: GatewayReference; controllerName: string; conditions?: Condition[] }[];
  };
}

/** Lets objects of other namespaces name objects of this one. */
export interface ReferenceGrant extends KubeObject {
  spec: {
    from: { group: string; kind: string; namespace: string }[];
    to: { group: string; kind: string; name?: string }[];
  };
}

/** A data plane with its listeners; only the fields that are used here. */
export interface Gateway extends KubeObject {
  spec: {
    gatewayClassName: string;
    listeners: {
      name: string;
      port: number;
      protocol: string;
      hostname?: string;
      allowedRoutes?: Record<string, unknown>;
      tls?: { certificateRefs?: GatewayReference[] };
    }[];
  };
  status?: {
    addresses?: { type?: string; value: string }[];
    conditions?: Condition[];
    listeners?: { name: string; attachedRoutes: number; conditions?: Condition[] }[];
  };
}

/** An implementation of the Gateway API; only the fields that are used here. */
export interface GatewayClass extends KubeObject {
  spec: { controllerName: string };
  status?: { conditions?: Condition[]; supportedFeatures?: { name: string }[] };
}

const apiVersion = "gateway.networking.k8s.io/v1";

export const HttpRoute = defineKind<HttpRoute>({ apiVersion, kind: "HTTPRoute", plural: "httproutes" });
export const ReferenceGrant = defineKind<ReferenceGrant>({
  apiVersion: "gateway.networking.k8s.io/v1beta1",
  kind: "ReferenceGrant",
  plural: "referencegrants",
});
export const Gateway = defineKind<Gateway>({ apiVersion, kind: "Gateway", plural: "gateways" });
export const GatewayClass = defineKind<GatewayClass>({
  apiVersion,
  kind: "GatewayClass",
  plural: "gatewayclasses",
  namespaced: false,
});
