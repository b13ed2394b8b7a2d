import type { KubeObject } from "@datalayer/shared/kube/object";
import { ownership } from "../chart.ts";
import type { Release } from "./release.ts";

/** A release by name and namespace. */
export type ReleaseRef = Pick<Release, "name" | "namespace">;

/** The release to which Helm says that an object belongs; undefined for one that Helm did not make. */
export function ownerOf({
  metadata: { annotations = {} },
}: Pick<KubeObject, "metadata">): ReleaseRef | undefined {
  const { [ownership.release]: name, [ownership.namespace]: namespace } = annotations;
  return name && namespace ? { name, namespace } : undefined;
}

/** Whether an object belongs to a release. */
export function isOf(object: Pick<KubeObject, "metadata">, { name, namespace }: ReleaseRef): boolean {
  const owner = ownerOf(object);
  return owner?.name === name && owner.namespace === namespace;
}

/** Whether an object stays when its release goes. */
export function isKept({ metadata }: Pick<KubeObject, "metadata">): boolean {
  return metadata.annotations?.[ownership.policy] === "keep";
}
