import type {
  V1CustomResourceDefinition,
  V1Deployment,
  V1ReplicaSet,
  V1StorageClass,
} from "@kubernetes/client-node";
import { defineKind, type Stored } from "@datalayer/shared/kube/object";

/** Kinds that only the command line reads; a type and a value share each name. */
export type Deployment = Stored<V1Deployment>;
export type ReplicaSet = Stored<V1ReplicaSet>;
export type CustomResourceDefinition = Stored<V1CustomResourceDefinition>;
export type StorageClass = Stored<V1StorageClass>;

export const Deployment = defineKind<Deployment>({
  apiVersion: "apps/v1",
  kind: "Deployment",
  plural: "deployments",
});
export const ReplicaSet = defineKind<ReplicaSet>({
  apiVersion: "apps/v1",
  kind: "ReplicaSet",
  plural: "replicasets",
});
export const CustomResourceDefinition = defineKind<CustomResourceDefinition>({
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  plural: "customresourcedefinitions",
  namespaced: false,
});
export const StorageClass = defineKind<StorageClass>({
  apiVersion: "storage.k8s.io/v1",
  kind: "StorageClass",
  plural: "storageclasses",
  namespaced: false,
});
