import type { PublishedBuild } from "@datalayer/shared/crds/image";

/** A build with all digests that it consists of, in the order in which they can be deleted. */
export interface BuildContent {
  build: PublishedBuild;
  digests: readonly string[];
}

/** What is deleted in one repository. */
export interface Deletions {
  /** The builds that are gone then. */
  builds: PublishedBuild[];
  digests: string[];
}

/**
 * What goes of the builds that shall go. Builds share manifests: nothing goes that one which stays consists of. A build
 * of which anything is used stays whole.
 */
export function planDeletions(
  candidates: readonly BuildContent[],
  staying: readonly string[],
  used: ReadonlySet<string>,
): Deletions {
  const going = candidates.filter(({ digests }) => !digests.some((digest) => used.has(digest)));
  const rescued = candidates.filter((candidate) => !going.includes(candidate));
  const needed = new Set([...staying, ...rescued.flatMap(({ digests }) => digests)]);
  const digests = new Set(going.flatMap((candidate) => candidate.digests));
  return {
    builds: going.map(({ build }) => build),
    digests: [...digests].filter((digest) => !needed.has(digest)),
  };
}
