import type { Image, PublishedBuild } from "@datalayer/shared/crds/image";
import { repositoryText } from "../registry/reference.ts";
import type { ImagePlan } from "./plan.ts";
import { recordOf } from "./subject.ts";
import { timestamp } from "./timestamp.ts";

const mostRecords = 100;

/** The builds that the registry holds, or may hold since one of them began, the newest first. */
export function publishedOf(image: Image, { subject, step }: ImagePlan, nowMs: number): PublishedBuild[] {
  const before = image.status?.published ?? [];
  if (!subject) return before;
  const { hash: inputsHash } = subject;
  const repository = repositoryText(subject.repository);
  const record = recordOf(image, subject);
  const others = before.filter((one) => one !== record && one.inputsHash !== inputsHash);
  const isBegun = step.kind === "build" || step.kind === "watch";
  if (isBegun && !record) return limited([{ inputsHash, repository }, ...others]);
  if (step.kind !== "publish") return before;
  const { built, moves } = step;
  const isAsBefore = record?.digest === built.image.digest && moves.length === 0;
  const published: PublishedBuild = {
    inputsHash,
    repository,
    digest: built.image.digest,
    ...(built.pushed.digest !== built.image.digest && { indexDigest: built.pushed.digest }),
    tags: [...new Set([...(record?.tags ?? []), ...subject.tags])],
    publishedAt: (isAsBefore ? record.publishedAt : undefined) ?? timestamp(nowMs),
  };
  return limited([published, ...others]);
}

/** What never came to be published goes first. */
function limited(records: PublishedBuild[]): PublishedBuild[] {
  if (records.length <= mostRecords) return records;
  const oldest = records.findLastIndex(({ digest }, index) => digest === undefined && index > 0);
  return records.toSpliced(oldest < 0 ? records.length - 1 : oldest, 1);
}
