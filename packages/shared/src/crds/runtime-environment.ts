import { defineKind, type KubeObject } from "../kube/object.ts";
import type { Spec, StatusObject } from "./generated/runtimeenvironment-v1.ts";

export type RuntimeEnvironmentSpec = Spec;
export type RuntimeEnvironmentStatus = StatusObject;

/** The software that a runtime offers. */
export interface RuntimeEnvironment extends KubeObject {
  spec: RuntimeEnvironmentSpec;
  status?: RuntimeEnvironmentStatus;
}

export const RuntimeEnvironment = defineKind<RuntimeEnvironment>({
  apiVersion: "datalayer.io/v1",
  kind: "RuntimeEnvironment",
  plural: "runtime-environments",
});
