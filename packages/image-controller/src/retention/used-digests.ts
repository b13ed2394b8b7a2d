import type { Image, PublishedBuild } from "@datalayer/shared/crds/image";
import type { KubeObject } from "@datalayer/shared/kube/object";

/** What may name builds. */
export interface Users {
  /** All Images there are, the one in question among them. */
  images: readonly Image[];
  /** Environments, Pods, and whatever else names images: every digest that stands anywhere in them is used. */
  others: readonly KubeObject[];
}

const digest = /sha256:[0-9a-f]{64}/g;

/**
 * The digests that anything but the Image itself uses. Nothing here asks which field it is that names a digest: rather
 * one build too many stays than one too few.
 */
export function usedDigests(image: Image, { images, others }: Users): Set<string> {
  const foreign = images.filter(({ metadata }) => metadata.uid !== image.metadata.uid);
  return new Set([...digestsIn(foreign), ...digestsIn(others)]);
}

/** The builds of other Images, by what {@link buildKey} says: they may not know their digest yet. */
export function sharedBuilds(image: Image, { images }: Users): Set<string> {
  const foreign = images.filter(({ metadata }) => metadata.uid !== image.metadata.uid);
  return new Set(foreign.flatMap(({ status }) => status?.published ?? []).map(buildKey));
}

/** The same for the same inputs in the same repository, whichever Image has them. */
export function buildKey({ repository, inputsHash }: PublishedBuild): string {
  return `${repository} ${inputsHash}`;
}

/** But for what is only said of them: the Pod of a build ends with the digest that it has pushed. */
function digestsIn(value: unknown): string[] {
  const text = JSON.stringify(value, (key, part: unknown) => (key === "message" ? undefined : part));
  return text.match(digest) ?? [];
}
