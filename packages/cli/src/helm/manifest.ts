import type { KubeObject } from "@datalayer/shared/kube/object";
import { parseAllDocuments } from "yaml";

/** The objects of a rendered chart, in their order; what is no object is left out. */
export function parseManifest(manifest: string): KubeObject[] {
  return parseAllDocuments(manifest)
    .map((document) => document.toJS({ maxAliasCount: -1 }) as KubeObject | null)
    .filter((object): object is KubeObject => typeof object?.kind === "string");
}
