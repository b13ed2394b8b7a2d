import type { Image } from "@datalayer/shared/crds/image";
import type { Build } from "../build/build.ts";
import { type RepositoryName, repositoryText } from "../registry/reference.ts";
import type { Resolved } from "../resolve/resolver.ts";
import type { ImageObservation } from "./observation.ts";
import { tagOfTemplate } from "./tag-template.ts";

/** The build that is to be published next. */
export interface Subject {
  /** Of its inputs. */
  hash: string;
  repository: RepositoryName;
  /** Its Job, where there is one. */
  build: Build | undefined;
  /** What may be its digest, the surest first. */
  digests: readonly string[];
  /** Whether it was published before. */
  isPublished: boolean;
  tags: readonly string[];
  /** Whether it is of what the Image is made of now. */
  isCurrent: boolean;
}

/**
 * Which build that is: of the inputs as they are now, or one that is under way and goes first. Undefined when there is
 * none, or it is not known where it goes.
 */
export function subjectOf({ image, look, builds }: Parts): Subject | undefined {
  const { target, resolved } = look;
  if (!target) return undefined;
  const unfinished = unfinishedOf(image, builds);
  const mayPass = image.spec.policy?.concurrency === "Serial" || !resolved;
  if (unfinished && unfinished.hash !== resolved?.inputs.hash && mayPass)
    return subject(image, { ...unfinished, build: unfinished, tags: target.tags, isCurrent: false });
  if (!resolved) return undefined;
  const { hash } = resolved.inputs;
  const { repository, tags } = target;
  const build = builds.find((one) => one.hash === hash && isIn(repository, one.repository));
  return subject(image, { hash, repository, build, tags, isCurrent: true, resolved });
}

type Parts = Pick<ImageObservation, "image" | "look" | "builds">;

function subject(
  image: Image,
  parts: Omit<Subject, "digests" | "isPublished"> & { resolved?: Resolved },
): Subject {
  const { hash, repository, build, tags, isCurrent, resolved } = parts;
  const record = recordOf(image, parts);
  const said = build?.state.kind === "succeeded" ? build.state.digest : undefined;
  const ofTemplate = tagOfTemplate(image, { hash, revision: resolved?.revision });
  return {
    hash,
    repository,
    build,
    isCurrent,
    isPublished: record?.digest !== undefined,
    digests: [record?.indexDigest, record?.digest, said].filter((digest) => digest !== undefined),
    tags: ofTemplate === undefined ? tags : [...new Set([...tags, ofTemplate])],
  };
}

/** Its build, while that is under way. */
export function runningOf({ build }: Subject): Build | undefined {
  return build?.state.kind === "running" && !build.isGoing ? build : undefined;
}

/** What the status says of a build that was published. */
export function recordOf(
  { status }: Image,
  { hash, repository }: { hash: string; repository: RepositoryName },
) {
  const name = repositoryText(repository);
  return status?.published?.find((one) => one.inputsHash === hash && one.repository === name);
}

/** The newest build, while it builds or is not published yet. */
function unfinishedOf(image: Image, [newest]: readonly Build[]): Build | undefined {
  if (!newest || newest.isGoing || newest.state.kind === "failed") return undefined;
  return recordOf(image, newest)?.digest === undefined ? newest : undefined;
}

function isIn(a: RepositoryName, b: RepositoryName): boolean {
  return repositoryText(a) === repositoryText(b);
}
