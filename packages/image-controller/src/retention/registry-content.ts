import type { PublishedBuild } from "@datalayer/shared/crds/image";
import { buildTag } from "../image/names.ts";
import type { Repository } from "../registry/repository.ts";
import { isProtectedTag } from "./plan.ts";

/**
 * All digests that a build consists of: the index with its attestations first, as some registries keep what an index
 * names, then what it names. Empty when the registry has nothing of it.
 */
export async function digestsOf(build: PublishedBuild, repository: Repository): Promise<string[]> {
  const { digest = await pushedDigest(build, repository), indexDigest } = build;
  const roots = [indexDigest, digest].filter((root) => root !== undefined);
  const contents = await Promise.all(roots.map((root) => withContent(root, repository)));
  return [...new Set(contents.flat())];
}

/** The digests of tags that are protected. They may have been moved by hand, so that the status does not know them. */
export async function protectedDigests(
  repository: Repository,
  patterns: readonly string[],
): Promise<string[]> {
  if (patterns.length === 0) return [];
  const digests: (string | undefined)[] = [];
  for await (const page of repository.tags())
    for (const tag of page.filter((one) => isProtectedTag(one, patterns)))
      digests.push(await repository.digest(tag));
  return digests.filter((digest) => digest !== undefined);
}

/** Of a build that was pushed, and never verified. */
function pushedDigest({ inputsHash }: PublishedBuild, repository: Repository): Promise<string | undefined> {
  return repository.digest(buildTag(inputsHash));
}

async function withContent(digest: string, repository: Repository): Promise<string[]> {
  const content = (await repository.manifest(digest))?.content;
  if (!content) return [digest];
  return [digest, ...(content.kind === "index" ? content.manifests.map((entry) => entry.digest) : [])];
}
