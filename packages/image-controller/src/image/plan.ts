import { imageReason, type ImageStatus } from "@datalayer/shared/crds/image";
import type { Build } from "../build/build.ts";
import type { BuiltImage } from "../published/built-image.ts";
import type { Move } from "../published/holding.ts";
import { lastFailure, type LastFailure, nextAttempt, retryAtMs, shareOf } from "./attempts.ts";
import { type Fault, lasting, passing } from "./fault.ts";
import { isCancelled } from "./cancellation.ts";
import type { ImageObservation } from "./observation.ts";
import { runningOf, type Subject, subjectOf } from "./subject.ts";

/** What is under way. */
export type Phase = NonNullable<ImageStatus["phase"]>;

/** What is done for an Image next; one thing at a time. */
export type Step =
  /** Something speaks against it, or did not answer. */
  | { kind: "blocked"; fault: Fault; during: Phase }
  | { kind: "suspended" }
  | { kind: "cancelled" }
  /** A build is under way. */
  | { kind: "watch"; build: Build }
  | { kind: "queue" }
  | { kind: "build"; attempt: number }
  /** A build failed, and is tried again. */
  | { kind: "back-off"; failure: LastFailure; untilMs: number }
  /** A build failed, and would fail again. */
  | { kind: "failed"; failure: LastFailure }
  /** The registry has the build; `moves` is empty when the tags name it. */
  | { kind: "publish"; built: BuiltImage; moves: readonly Move[] }
  /** A build that went first has come to nothing. */
  | { kind: "drop"; build: Build };

/** What to do, and what to remove, with the reason. */
export interface ImagePlan {
  subject: Subject | undefined;
  step: Step;
  /** Jobs that end, or have ended and are not kept. */
  removed: readonly RemovedBuild[];
  /** ConfigMaps that no build reads any more. */
  removedInputs: readonly { name: string; uid: string }[];
}

/** A Job to remove. */
export interface RemovedBuild {
  build: Build;
  /** Why one that has not ended is ended. */
  reason?: typeof imageReason.superseded | typeof imageReason.cancelled;
}

/** Decides what to do for an Image. Pure. */
export function planImage(observed: ImageObservation, nowMs: number): ImagePlan {
  const subject = subjectOf(observed);
  const step = stepOf(observed, subject, nowMs);
  const removed = removedBuilds(observed, subject, step);
  return { subject, step, removed, removedInputs: unusedInputs(observed, subject, step) };
}

function stepOf(observed: ImageObservation, subject: Subject | undefined, nowMs: number): Step {
  const { look, conflict } = observed;
  if (!subject) return blockedBy(look.fault, look.target ? "Resolving" : "Pending");
  if (conflict) return { kind: "blocked", fault: tagFault(conflict), during: "Pending" };
  if (isStopped(observed, subject)) return { kind: "cancelled" };
  const running = runningOf(subject);
  return running ? { kind: "watch", build: running } : byRegistry(observed, subject, nowMs);
}

/** No build is under way: it goes by what the registry has. */
function byRegistry(observed: ImageObservation, subject: Subject, nowMs: number): Step {
  const { holding } = observed;
  switch (holding?.kind) {
    case "held":
      return { ...holding, kind: "publish" };
    case "absent":
      return nextOf(observed, subject, nowMs);
    case "fault":
    case undefined:
      return blockedBy(holding?.fault, "Verifying");
  }
}

/** The registry does not have it. */
function nextOf(observed: ImageObservation, subject: Subject, nowMs: number): Step {
  const { build, isCurrent } = subject;
  return build && !isCurrent ? { kind: "drop", build } : nextBuild(observed, subject, nowMs);
}

/** It is built, if nothing speaks against that. */
function nextBuild(observed: ImageObservation, { hash }: Subject, nowMs: number): Step {
  const { image, builds, holding, isNext } = observed;
  if (image.spec.policy?.suspend) return { kind: "suspended" };
  const failure = lastFailure(image, { hash, builds, holding });
  if (failure && !failure.isPassing) return { kind: "failed", failure };
  const untilMs = failure && retryAtMs(image, failure, nowMs, shareOf(image.metadata.uid));
  if (failure && untilMs !== undefined && untilMs > nowMs) return { kind: "back-off", failure, untilMs };
  return isNext ? { kind: "build", attempt: nextAttempt(image, { hash, builds }) } : { kind: "queue" };
}

function blockedBy(fault: Fault | undefined, during: Phase): Step {
  const unknown = passing(imageReason.resolving, "It is being looked at.").fault;
  return { kind: "blocked", fault: fault ?? unknown, during };
}

function tagFault({ tag, owner }: { tag: string; owner: string }): Fault {
  const message = `spec.output.tags: "${tag}" belongs to the Image ${owner}, which is older and has the same repository.`;
  return lasting(imageReason.tagConflict, message).fault;
}

/** What is published already cannot be cancelled any more. */
function isStopped({ image, holding }: ImageObservation, { hash, isCurrent }: Subject): boolean {
  if (!isCurrent) return false;
  return holding?.kind !== "held" && isCancelled(image, hash);
}

function removedBuilds(observed: ImageObservation, subject: Subject | undefined, step: Step): RemovedBuild[] {
  const there = observed.builds.filter(({ isGoing }) => !isGoing);
  const running = there.filter(({ state }) => state.kind === "running");
  const dropped = step.kind === "drop" ? [{ build: step.build }] : [];
  return [...dropped, ...endedEarly(running, subject, step), ...notKept(observed, there)];
}

function endedEarly(running: readonly Build[], subject: Subject | undefined, step: Step): RemovedBuild[] {
  // While it is not known what is built next, nothing is in its way.
  if (!subject?.isCurrent) return [];
  return running.flatMap((build): RemovedBuild[] => {
    if (build.hash !== subject.hash) return [{ build, reason: imageReason.superseded }];
    return step.kind === "cancelled" ? [{ build, reason: imageReason.cancelled }] : [];
  });
}

/** Those that have ended, beyond as many as the Image wants to keep. */
function notKept({ image }: ImageObservation, builds: readonly Build[]): RemovedBuild[] {
  const { succeeded = 3, failed = 3 } = image.spec.history ?? {};
  const isPublished = (build: Build): boolean =>
    image.status?.published?.some(
      ({ inputsHash, digest }) => inputsHash === build.hash && digest !== undefined,
    ) ?? false;
  const ended = (kind: Build["state"]["kind"]): Build[] => builds.filter(({ state }) => state.kind === kind);
  // The newest one says how it stands, until that is in the status.
  const done = ended("succeeded").filter((build) => build !== builds[0] || isPublished(build));
  return [...done.slice(succeeded), ...ended("failed").slice(failed)].map((build) => ({ build }));
}

function unusedInputs(
  { builds, inputs, image }: ImageObservation,
  subject: Subject | undefined,
  step: Step,
): { name: string; uid: string }[] {
  // A creation that was interrupted goes on with what it has made.
  if (step.kind === "build" || step.kind === "queue" || !subject) return [];
  const isUsed = (name: string): boolean =>
    builds.some((build) => build.name === name && build.state.kind === "running" && !build.isGoing);
  return image.metadata.deletionTimestamp === undefined ? inputs.filter(({ name }) => !isUsed(name)) : [];
}
