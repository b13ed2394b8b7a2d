import type { Image, PublishedBuild } from "@datalayer/shared/crds/image";
import { repositoryText } from "../registry/reference.ts";
import type { ImagePlan, Step } from "./plan.ts";
import { recordOf, type Subject } from "./subject.ts";
import { timestamp } from "./timestamp.ts";

const mostRecords = 100;

/** The builds that the registry holds, or may hold since one of them began, the newest first. */
export function publishedOf(image: Image, { subject, step }: ImagePlan, nowMs: number): PublishedBuild[] {
  const before = image.status?.published ?? [];
  if (!subject) return before;
  const record = recordOf(image, subject);
  const own = ownRecord(subject, { step, record, nowMs });
  if (!own) return before;
  return limited([own, ...before.filter(({ inputsHash }) => inputsHash !== subject.hash)]);
}

interface Parts {
  step: Step;
  record: PublishedBuild | undefined;
  nowMs: number;
}

/** What is said of the build itself, where there is something new to say. */
function ownRecord(subject: Subject, { step, record, nowMs }: Parts): PublishedBuild | undefined {
  const { hash: inputsHash, repository } = subject;
  const place = { inputsHash, repository: repositoryText(repository) };
  if (step.kind === "publish") return { ...place, ...ofPublished(subject, step, record, nowMs) };
  const isBegun = step.kind === "build" || step.kind === "watch";
  return isBegun && !record ? place : undefined;
}

function ofPublished(
  { tags }: Subject,
  { built, moves }: Extract<Step, { kind: "publish" }>,
  record: PublishedBuild | undefined,
  nowMs: number,
): Partial<PublishedBuild> {
  const { digest } = built.image;
  const isAsBefore = record?.digest === digest && moves.length === 0;
  return {
    digest,
    ...(built.pushed.digest !== digest && { indexDigest: built.pushed.digest }),
    tags: [...new Set([...(record?.tags ?? []), ...tags])],
    publishedAt: (isAsBefore ? record.publishedAt : undefined) ?? timestamp(nowMs),
  };
}

/** What never came to be published goes first. */
function limited(records: PublishedBuild[]): PublishedBuild[] {
  if (records.length <= mostRecords) return records;
  const oldest = records.findLastIndex(({ digest }, index) => digest === undefined && index > 0);
  return records.toSpliced(oldest < 0 ? records.length - 1 : oldest, 1);
}
