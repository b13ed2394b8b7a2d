import { type BuildStatus, type Image, imageReason } from "@datalayer/shared/crds/image";
import type { Build } from "../build/build.ts";
import type { BuildFailure } from "../build/failure.ts";
import type { Holding } from "../published/holding.ts";

/** How the last attempt for some inputs failed. */
export interface LastFailure extends BuildFailure {
  attempt: number;
  /** RFC 3339; undefined when it is found only now. */
  finishedAt: string | undefined;
}

/** Which attempt is spoken of. */
interface Attempts {
  hash: string;
  builds: readonly Build[];
  holding: Holding | undefined;
}

const firstDelayMs = 10_000;
const longestDelayMs = 300_000;
const tiredDelayMs = 3_600_000;

/** Those that end by themselves; read from a status, when the Job is gone. */
const passingReasons: ReadonlySet<string> = new Set([
  imageReason.outOfMemory,
  imageReason.outOfDisk,
  imageReason.evicted,
  imageReason.nodeLost,
  imageReason.notScheduled,
  imageReason.jobLost,
  imageReason.baseUnavailable,
  imageReason.pushUnavailable,
  imageReason.sourceUnavailable,
  imageReason.verificationFailed,
]);
/** How a build ends that did not fail. */
const noFailures: ReadonlySet<string> = new Set([
  imageReason.succeeded,
  imageReason.superseded,
  imageReason.cancelled,
]);

/** The number of the next attempt: higher than that of every one that is known of. */
export function nextAttempt({ status }: Image, { hash, builds }: Omit<Attempts, "holding">): number {
  const ofJobs = builds.filter((build) => build.hash === hash).map(({ attempt }) => attempt);
  const ofHistory = (status?.history ?? [])
    .filter(({ inputsHash }) => inputsHash === hash)
    .map(({ job }) => Number(/-(\d+)$/.exec(job)?.[1] ?? 0));
  const { build } = status ?? {};
  const ofStatus = build?.inputsHash === hash ? (build.attempt ?? 0) : 0;
  return 1 + Math.max(0, ofStatus, ...ofJobs, ...ofHistory);
}

/** How the last attempt failed; undefined when none did, or the last one did not. */
export function lastFailure(image: Image, attempts: Attempts): LastFailure | undefined {
  const { hash, builds, holding } = attempts;
  const newest = builds.find((build) => build.hash === hash && !build.isGoing);
  if (newest) return failureOfBuild(newest, holding, image);
  const { build } = image.status ?? {};
  return build?.inputsHash === hash && build.job !== undefined ? failureInStatus(build) : undefined;
}

/** What was last known of a build whose Job is gone. */
function failureInStatus({
  attempt = 1,
  finishedAt,
  reason,
  message = "",
}: BuildStatus): LastFailure | undefined {
  if (finishedAt === undefined) {
    const text = "The Job of the build is gone.";
    return { reason: imageReason.jobLost, message: text, isPassing: true, attempt, finishedAt };
  }
  if (reason === undefined || noFailures.has(reason)) return undefined;
  const known = Object.values(imageReason).find((one) => one === reason) ?? imageReason.buildFailed;
  return { reason: known, message, isPassing: passingReasons.has(reason), attempt, finishedAt };
}

function failureOfBuild(
  build: Build,
  holding: Holding | undefined,
  { status }: Image,
): LastFailure | undefined {
  const { state, attempt } = build;
  switch (state.kind) {
    case "running":
      return undefined;
    case "succeeded": {
      if (holding?.kind !== "absent") return undefined;
      const { problem = "the registry has nothing of it" } = holding;
      const message = `The build ended well, but ${problem}.`;
      const { finishedAt } = state;
      return { reason: imageReason.verificationFailed, message, isPassing: true, attempt, finishedAt };
    }
    case "failed":
      return failureOfEnded(build, state, status);
  }
}

function failureOfEnded(
  { name, attempt }: Build,
  state: Extract<Build["state"], { kind: "failed" }>,
  status: Image["status"],
): LastFailure {
  const { reason, message, isPassing, finishedAt } = state;
  const before = status?.build?.job === name ? status.build : undefined;
  // Without its Pod the Job knows that it failed, and nothing else.
  const isUntold = state.isPodGone && reason === imageReason.jobLost;
  const said = isUntold && before && failureInStatus({ finishedAt, ...before });
  if (said) return said;
  const neverBegan = reason === imageReason.timedOut && startedAt(status, state) === undefined;
  if (!neverBegan) return { reason, message, isPassing, attempt, finishedAt };
  const text = "The Pod of the build found no node, or could not begin, within spec.build.timeout.";
  return { reason: imageReason.notScheduled, message: text, isPassing: true, attempt, finishedAt };
}

/** Its Pod is deleted when its time is over: what was seen before is all that is left. */
function startedAt(status: Image["status"], state: { startedAt?: string }): string | undefined {
  return state.startedAt ?? status?.build?.startedAt;
}

/**
 * When a failed build is tried again: soon, so many times as the Image says, and then once an hour.
 * @param share - in [0, 1): what failed together does not come back together.
 */
export function retryAtMs(
  { spec }: Image,
  { attempt, finishedAt }: LastFailure,
  nowMs: number,
  share: number,
): number {
  const retries = spec.policy?.retries ?? 2;
  const delayMs =
    attempt <= retries ? Math.min(longestDelayMs, firstDelayMs * 2 ** (attempt - 1)) : tiredDelayMs;
  const fromMs = finishedAt === undefined ? nowMs : Date.parse(finishedAt);
  return fromMs + delayMs * (1 + share / 5);
}

/** A share in [0, 1) that is always the same for an object. */
export function shareOf(uid: string): number {
  const digits = uid.replaceAll(/[^0-9a-f]/g, "").slice(-6);
  return Number.parseInt(digits || "0", 16) / 0x1000000;
}
