import { defineKind, type KubeObject } from "../kube/object.ts";
import type { Spec, StatusObject } from "./generated/runtimecontent-v1.ts";

export type RuntimeContentSpec = Spec;
export type RuntimeContentStatus = StatusObject;

/** Data that runtimes find mounted. */
export interface RuntimeContent extends KubeObject {
  spec: RuntimeContentSpec;
  status?: RuntimeContentStatus;
}

export const RuntimeContent = defineKind<RuntimeContent>({
  apiVersion: "datalayer.io/v1",
  kind: "RuntimeContent",
  plural: "runtime-contents",
});
