import { type BuildStatus, imageReason } from "@datalayer/shared/crds/image";
import type { Build, BuildState } from "../build/build.ts";
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
  const same = subject && before?.inputsHash === subject.hash ? before : undefined;
  const isUndecided = step.kind === "blocked" && !same;
  if (!subject || isUndecided) return before;
  const parts = { observed, subject, step, same, nowMs };
  return {
    inputsHash: subject.hash,
    trigger: same?.trigger ?? observed.trigger,
    ...queuedAt(parts),
    ...ofAttempt(parts),
  };
}

/** What a status of a build is made of; `same` is what it was, where that is of the same inputs. */
interface Parts {
  observed: ImageObservation;
  subject: Subject;
  step: Step;
  same: BuildStatus | undefined;
  nowMs: number;
}

function ofAttempt(parts: Parts): Partial<BuildStatus> {
  const { observed, subject, step, same, nowMs } = parts;
  const build = buildShown(observed, subject);
  if (build) return { ...ofBuild(build, same), ...endOf(parts) };
  if (step.kind !== "publish") return { ...same, ...endOf(parts) };
  return same?.reason === imageReason.succeeded ? same : found(nowMs);
}

/** The newest attempt for these inputs. */
function buildShown({ builds }: ImageObservation, { hash }: Subject): Build | undefined {
  return builds.find((build) => build.hash === hash && !build.isGoing);
}

function queuedAt({ same, step, nowMs }: Parts): Pick<BuildStatus, "queuedAt"> {
  const known = same?.queuedAt;
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
function endOf(parts: Parts): Partial<BuildStatus> {
  const { observed, subject, step, nowMs } = parts;
  const { image, builds, holding, look } = observed;
  if (step.kind === "cancelled") return cancelled(parts);
  const state = buildShown(observed, subject)?.state;
  const said = saidBefore(parts);
  const failure = lastFailure(image, { hash: subject.hash, builds, holding });
  if (failure) {
    const { reason, message, finishedAt = timestamp(nowMs) } = failure;
    return { reason, message, finishedAt, ...tailOf(state, look, said) };
  }
  if (state?.kind === "running") return foreseenOf(state, look) ?? said;
  if (state?.kind !== "succeeded") return {};
  return { reason: imageReason.succeeded, message: "It ended well.", finishedAt: state.finishedAt };
}

function cancelled({ same, nowMs }: Parts): Partial<BuildStatus> {
  // What was said once of an end stays.
  const at = same?.reason === imageReason.cancelled ? same.finishedAt : undefined;
  return {
    reason: imageReason.cancelled,
    message: "It was cancelled.",
    finishedAt: at ?? timestamp(nowMs),
  };
}

/** What a Pod has said stays when it is gone: its Job may not have told of its end yet, and never tells why it failed. */
function saidBefore({ observed, subject, same }: Parts): Partial<BuildStatus> {
  const { reason, message, logTail: tail } = same ?? {};
  const isOfBuild = same?.job !== undefined && same.job === buildShown(observed, subject)?.name;
  if (!isOfBuild || reason === undefined) return {};
  return { reason, message, ...(tail !== undefined && { logTail: tail }) };
}

function foreseenOf(
  { foreseen }: Extract<BuildState, { kind: "running" }>,
  look: ImageObservation["look"],
): Partial<BuildStatus> | undefined {
  if (!foreseen) return undefined;
  const { reason, message, log } = foreseen;
  return { reason, message, ...shownTail(log, look) };
}

function tailOf(
  state: BuildState | undefined,
  look: ImageObservation["look"],
  { logTail: before }: Partial<BuildStatus>,
): Pick<BuildStatus, "logTail"> {
  if (state?.kind !== "failed") return {};
  if (state.isPodGone) return before === undefined ? {} : { logTail: before };
  return shownTail(state.log, look);
}

function shownTail(log: string, { secrets }: ImageObservation["look"]): Pick<BuildStatus, "logTail"> {
  // Without knowing what is secret, nothing is shown.
  const tail = secrets ? logTail(log, secrets.hidden) : "";
  return tail === "" ? {} : { logTail: tail };
}
