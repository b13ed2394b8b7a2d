import { defineKind, type KubeObject } from "../kube/object.ts";
import type { Spec, StatusObject } from "./generated/runtimepool-v1.ts";

export type RuntimePoolSpec = Spec;
export type RuntimePoolStatus = StatusObject;

/** A number of runtimes of one environment that are kept warm. */
export interface RuntimePool extends KubeObject {
  spec: RuntimePoolSpec;
  status?: RuntimePoolStatus;
}

export const RuntimePool = defineKind<RuntimePool>({
  apiVersion: "datalayer.io/v1",
  kind: "RuntimePool",
  plural: "runtime-pools",
});
