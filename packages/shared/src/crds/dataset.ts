import { defineKind, type KubeObject } from "../kube/object.ts";

/**
 * Data that Datashim mounts, by a claim of the same name; the kind is Datashim's, and served where it is installed.
 * Only the fields that are used here.
 */
export interface Dataset extends KubeObject {
  spec: { local: Record<string, string> };
  status?: {
    /** `OK` once the claim is bound. */
    provision?: { status?: string; info?: string };
  };
}

export const Dataset = defineKind<Dataset>({
  apiVersion: "datashim.io/v1alpha1",
  kind: "Dataset",
  plural: "datasets",
});
