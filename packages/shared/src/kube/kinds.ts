import type {
  EventsV1Event,
  V1ConfigMap,
  V1EndpointSlice,
  V1Ingress,
  V1Job,
  V1Lease,
  V1Namespace,
  V1Node,
  V1PersistentVolumeClaim,
  V1Pod,
  V1Secret,
  V1Service,
  V1ServiceCIDR,
} from "@kubernetes/client-node";
import { defineKind, type KubeObject, type Stored } from "./object.ts";

/** The built-in kinds that the controllers read or write; a type and a value share each name. */
export type Pod = Stored<V1Pod>;
export type Secret = Stored<V1Secret>;
export type Job = Stored<V1Job>;
export type PersistentVolumeClaim = Stored<V1PersistentVolumeClaim>;
export type ConfigMap = Stored<V1ConfigMap>;
export type Service = Stored<V1Service>;
export type EndpointSlice = Stored<V1EndpointSlice>;
export type Ingress = Stored<V1Ingress>;
export type ServiceCidr = Stored<V1ServiceCIDR>;
export type Namespace = Stored<V1Namespace>;
export type Node = Stored<V1Node>;
export type Lease = Stored<V1Lease>;
/** Something a controller keeps to go back to; `data` is its own and never changes. */
export type ControllerRevision = KubeObject & { revision: number; data: unknown };
export type Event = Stored<EventsV1Event>;

export const Pod = defineKind<Pod>({ apiVersion: "v1", kind: "Pod", plural: "pods" });
export const Job = defineKind<Job>({ apiVersion: "batch/v1", kind: "Job", plural: "jobs" });
export const Secret = defineKind<Secret>({ apiVersion: "v1", kind: "Secret", plural: "secrets" });
export const PersistentVolumeClaim = defineKind<PersistentVolumeClaim>({
  apiVersion: "v1",
  kind: "PersistentVolumeClaim",
  plural: "persistentvolumeclaims",
});
export const ConfigMap = defineKind<ConfigMap>({ apiVersion: "v1", kind: "ConfigMap", plural: "configmaps" });
export const Service = defineKind<Service>({ apiVersion: "v1", kind: "Service", plural: "services" });
export const EndpointSlice = defineKind<EndpointSlice>({
  apiVersion: "discovery.k8s.io/v1",
  kind: "EndpointSlice",
  plural: "endpointslices",
});
export const Ingress = defineKind<Ingress>({
  apiVersion: "networking.k8s.io/v1",
  kind: "Ingress",
  plural: "ingresses",
});
/** A range of addresses of Services; Kubernetes before 1.33 tells of none. */
export const ServiceCidr = defineKind<ServiceCidr>({
  apiVersion: "networking.k8s.io/v1",
  kind: "ServiceCIDR",
  plural: "servicecidrs",
  namespaced: false,
});
export const Namespace = defineKind<Namespace>({
  apiVersion: "v1",
  kind: "Namespace",
  plural: "namespaces",
  namespaced: false,
});
export const Node = defineKind<Node>({ apiVersion: "v1", kind: "Node", plural: "nodes", namespaced: false });
export const Lease = defineKind<Lease>({
  apiVersion: "coordination.k8s.io/v1",
  kind: "Lease",
  plural: "leases",
});
export const ControllerRevision = defineKind<ControllerRevision>({
  apiVersion: "apps/v1",
  kind: "ControllerRevision",
  plural: "controllerrevisions",
});
export const Event = defineKind<Event>({ apiVersion: "events.k8s.io/v1", kind: "Event", plural: "events" });
