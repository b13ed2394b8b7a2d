import type { Image, PublishedBuild } from "@datalayer/shared/crds/image";
import { cacheTag } from "../engines/buildkit/arguments.ts";
import { RegistryError } from "../registry/registry-error.ts";
import type { Repository } from "../registry/repository.ts";
import { type BuildContent, type Deletions, planDeletions } from "./deletions.ts";
import { planRetention } from "./plan.ts";
import { digestsOf, protectedDigests } from "./registry-content.ts";
import { buildKey, sharedBuilds, usedDigests, type Users } from "./used-digests.ts";

/** What retention works with. */
export interface RetentionOptions {
  users: Users;
  nowMs: number;
  /** Opens a repository by its name in full, as the status has it, with the credentials of the Image. */
  open: (repository: string) => Repository;
}

/** What came of it. */
export interface RetentionOutcome {
  /** The builds that the registry no longer has: they leave the status. */
  dropped: PublishedBuild[];
  /** Why the registry would not delete the others; trying again does not help. */
  refused?: string;
}

/**
 * Rids the registry of the builds of an Image that its retention has no place for, and of all when it is deleted and they
 * go with it. Any number of times: what is gone already counts as deleted.
 * @throws RegistryError `unavailable` when the registry cannot say or do it now; what was deleted by then is found so the
 * next time.
 */
export async function retain(image: Image, options: RetentionOptions): Promise<RetentionOutcome> {
  const { users, nowMs } = options;
  const used = usedDigests(image, users);
  const candidates = planRetention({ image, nowMs, used, shared: sharedBuilds(image, users) });
  const dropped: PublishedBuild[] = [];
  const names = new Set(candidates.map(({ repository }) => repository));
  for (const name of names) {
    const here = candidates.filter(({ repository }) => repository === name);
    const deletions = await deletionsIn(options.open(name), here, { image, used, users });
    const refused = await carryOut(options.open(name), deletions);
    if (refused !== undefined) return { dropped, refused };
    dropped.push(...deletions.builds);
  }
  return { dropped };
}

async function deletionsIn(
  repository: Repository,
  candidates: readonly PublishedBuild[],
  { image, used, users }: { image: Image; used: ReadonlySet<string>; users: Users },
): Promise<Deletions> {
  const others = buildsBeside(candidates, [image, ...users.images]);
  const staying = (await contentsOf(others, repository)).flatMap(({ digests }) => digests);
  const protect = await protectedDigests(repository, image.spec.retention?.protect ?? []);
  const cache = await repository.digest(cacheTag);
  const isLast = image.metadata.deletionTimestamp !== undefined && others.length === 0;
  const plan = planDeletions(
    await contentsOf(candidates, repository),
    isLast || cache === undefined ? staying : [...staying, cache],
    new Set([...used, ...protect]),
  );
  // Nobody else builds here: what earlier builds left for later ones goes as well.
  return isLast && cache !== undefined ? { ...plan, digests: [...plan.digests, cache] } : plan;
}

/** The builds of any Image that lie in the same repository, and are none of the candidates. */
function buildsBeside(candidates: readonly PublishedBuild[], images: readonly Image[]): PublishedBuild[] {
  const going = new Set(candidates.map(buildKey));
  const repositories = new Set(candidates.map(({ repository }) => repository));
  return images
    .flatMap(({ status }) => status?.published ?? [])
    .filter((build) => repositories.has(build.repository) && !going.has(buildKey(build)));
}

async function contentsOf(
  builds: readonly PublishedBuild[],
  repository: Repository,
): Promise<BuildContent[]> {
  const contents: BuildContent[] = [];
  for (const build of builds) contents.push({ build, digests: await digestsOf(build, repository) });
  return contents;
}

/** Why the registry refuses; undefined when all is gone. */
async function carryOut(repository: Repository, { digests }: Deletions): Promise<string | undefined> {
  try {
    for (const digest of digests) await repository.delete(digest);
    return undefined;
  } catch (error) {
    if (error instanceof RegistryError && error.failure === "refused") return error.message;
    throw error;
  }
}
