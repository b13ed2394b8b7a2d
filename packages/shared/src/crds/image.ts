import { defineKind, type KubeObject } from "../kube/object.ts";
import type { Condition } from "./conditions.ts";

/** A container image that another controller builds: the part of it that its consumers read. */
export interface Image extends KubeObject {
  status?: {
    /** The newest build that was published, by digest: `registry/repository@sha256:...`. */
    image?: string;
    conditions?: Condition[];
  };
}

export const Image = defineKind<Image>({ apiVersion: "datalayer.io/v1", kind: "Image", plural: "images" });
