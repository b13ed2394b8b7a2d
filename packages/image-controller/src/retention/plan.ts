import type { Image, ImageSpec, PublishedBuild } from "@datalayer/shared/crds/image";
import { millisecondsOf } from "../image/duration.ts";
import { buildKey } from "./used-digests.ts";

/** What is known when it is decided which builds go. */
export interface RetentionObservation {
  image: Image;
  nowMs: number;
  /** Digests that something uses. */
  used: ReadonlySet<string>;
  /** Builds of other Images; see `buildKey`. */
  shared: ReadonlySet<string>;
}

type Retention = NonNullable<ImageSpec["retention"]>;

/**
 * The builds that go from the registry, by the spec: those that are too many or too old, and all when the Image is
 * deleted and they are to go with it. What is used, protected or shared with another Image stays in any case.
 */
export function planRetention(observed: RetentionObservation): PublishedBuild[] {
  const { image } = observed;
  const retention: Retention = image.spec.retention ?? {};
  const { published = [] } = image.status ?? {};
  const isGoing = image.metadata.deletionTimestamp !== undefined;
  if (isGoing && retention.onDelete !== "Delete") return [];
  const surplus = isGoing ? published : surplusOf(published, retention, observed.nowMs);
  const current = isGoing ? undefined : currentOf(image, surplus);
  return surplus.filter((build) => build !== current && !isNeeded(build, retention, observed));
}

/** The build that consumers are told to run, unless one that stays is of the same content. */
function currentOf({ status = {} }: Image, surplus: readonly PublishedBuild[]): PublishedBuild | undefined {
  const { image, published = [] } = status;
  const isCurrent = ({ repository, digest }: PublishedBuild): boolean => image === `${repository}@${digest}`;
  const current = published.filter(isCurrent);
  return current.some((build) => !surplus.includes(build)) ? undefined : current[0];
}

/** A build that was not verified yet is none of them: it is about to become the newest one, or to be forgotten. */
function surplusOf(
  published: readonly PublishedBuild[],
  { keep = 10, maxAge }: Retention,
  nowMs: number,
): PublishedBuild[] {
  const verified = published.filter(({ digest }) => digest !== undefined);
  const oldestMs = maxAge === undefined ? -Infinity : nowMs - millisecondsOf(maxAge);
  const isTooOld = ({ publishedAt }: PublishedBuild): boolean =>
    publishedAt !== undefined && Date.parse(publishedAt) < oldestMs;
  return verified.filter((build, index) => index >= keep || (index > 0 && isTooOld(build)));
}

function isNeeded(
  build: PublishedBuild,
  { protect = [] }: Retention,
  { used, shared }: RetentionObservation,
): boolean {
  const digests = [build.digest, build.indexDigest];
  const isUsed = digests.some((digest) => digest !== undefined && used.has(digest));
  const isProtected = (build.tags ?? []).some((tag) => isProtectedTag(tag, protect));
  return isUsed || isProtected || shared.has(buildKey(build));
}

/** Whether a tag is one of these, or begins as one that ends with a star. */
export function isProtectedTag(tag: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) =>
    pattern.endsWith("*") ? tag.startsWith(pattern.slice(0, -1)) : tag === pattern,
  );
}
