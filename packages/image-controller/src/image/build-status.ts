import { type BuildStatus, type ImageReason, imageReason } from "@datalayer/shared/crds/image";
import type { Build } from "../build/build.ts";
import { logTail } from "../build/log-tail.ts";
import { lastFailure } from "./attempts.ts";
import type { ImageObservation } from "./observation.ts";
import type { ImagePlan, Step } from "./plan.ts";
import type { Subject } from "./subject.ts";
import { timestamp } from "./timestamp.ts";

/** What the status says of the newest build. */
export function buildStatusOf(
  observed: ImageObservation,
  { subject, step }: ImagePlan,
  nowMs: number,
): BuildStatus | undefined {
  const before = observed.image.status?.build;
  if (!subject) return before;
  const same = before?.inputsHash === subject.hash ? before : undefined;
  if (!same && step.kind === "blocked") return before;
  const common = { inputsHash: subject.hash, trigger: same?.trigger ?? observed.trigger };
  const end = endOf(observed, subject, step, nowMs);
  const build = buildShown(observed, subject);
  if (build) return { ...common, ...queuedAt(same, step, nowMs), ...ofBuild(build, same), ...end };
  if (step.kind === "publish")
    return same?.reason === imageReason.succeeded ? same : { ...common, ...found(nowMs) };
  return { ...common, ...same, ...queuedAt(same, step, nowMs), ...end };
}

/** The newest attempt for these inputs. */
function buildShown({ builds }: ImageObservation, { hash }: Subject): Build | undefined {
  return builds.find((build) => build.hash === hash && !build.isGoing);
}

function queuedAt(before: BuildStatus | undefined, step: Step, nowMs: number): Pick<BuildStatus, "queuedAt"> {
  const known = before?.queuedAt;
  if (known !== undefined) return { queuedAt: known };
  return step.kind === "queue" ? { queuedAt: timestamp(nowMs) } : {};
}

/** A Pod that has gone, with what it knew, leaves what it said. */
function ofBuild({ name, attempt, state }: Build, before: BuildStatus | undefined): Partial<BuildStatus> {
  const known = before?.job === name ? before : undefined;
  const startedAt = state.startedAt ?? known?.startedAt;
  return { job: name, attempt, ...(startedAt !== undefined && { startedAt }) };
}

function found(nowMs: number): Partial<BuildStatus> {
  return {
    finishedAt: timestamp(nowMs),
    reason: imageReason.succeeded,
    message: "The registry had a build of these inputs already.",
  };
}

/** How it ended, as far as it has. */
function endOf(
  observed: ImageObservation,
  subject: Subject,
  step: Step,
  nowMs: number,
): Partial<BuildStatus> {
  const { image, builds, holding, look } = observed;
  if (step.kind === "cancelled")
    return ended(imageReason.cancelled, "It was cancelled.", timestamp(nowMs), image.status?.build);
  const state = buildShown(observed, subject)?.state;
  const failure = lastFailure(image, { hash: subject.hash, builds, holding });
  if (failure) {
    const { reason, message, finishedAt = timestamp(nowMs) } = failure;
    const tail = state?.kind === "failed" ? logTail(state.log, look.secrets?.hidden ?? []) : "";
    return { ...ended(reason, message, finishedAt), ...(tail !== "" && { logTail: tail }) };
  }
  if (state?.kind !== "succeeded") return {};
  return ended(imageReason.succeeded, "It ended well.", state.finishedAt);
}

/** What was said once of an end stays. */
function ended(
  reason: ImageReason,
  message: string,
  finishedAt: string,
  before?: BuildStatus,
): Partial<BuildStatus> {
  return {
    reason,
    message,
    finishedAt: before?.reason === reason ? (before.finishedAt ?? finishedAt) : finishedAt,
  };
}
