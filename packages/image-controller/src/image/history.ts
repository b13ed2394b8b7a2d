import { type Image, imageReason, type ImageStatus } from "@datalayer/shared/crds/image";
import type { Build, BuildState } from "../build/build.ts";
import { timestamp } from "./timestamp.ts";
import type { RemovedBuild } from "./plan.ts";

type Entry = NonNullable<ImageStatus["history"]>[number];

/** A build that has ended: what its Job says, or what was last known of it. */
export interface EndedParts {
  builds: readonly Build[];
  removed: readonly RemovedBuild[];
  /** The newest one, as the status is going to have it. */
  newest: ImageStatus["build"];
}

/** Builds that ended, the newest first, as many as the Image wants to keep. */
export function historyOf({ spec, status }: Image, parts: EndedParts, nowMs: number): Entry[] {
  const { succeeded = 3, failed = 3 } = spec.history ?? {};
  const entries = new Map((status?.history ?? []).map((entry) => [entry.job, entry]));
  for (const entry of endedNow(parts, entries, nowMs)) {
    // A Pod that has gone since takes the time of its start with it.
    const { startedAt } = entries.get(entry.job) ?? {};
    entries.set(entry.job, { ...(startedAt !== undefined && { startedAt }), ...entry });
  }
  const sorted = [...entries.values()].sort((a, b) => ((a.finishedAt ?? "") < (b.finishedAt ?? "") ? 1 : -1));
  const good = sorted.filter(({ reason }) => reason === imageReason.succeeded).slice(0, succeeded);
  const bad = sorted.filter(({ reason }) => reason !== imageReason.succeeded).slice(0, failed);
  return sorted.filter((entry) => good.includes(entry) || bad.includes(entry));
}

function endedNow(
  { builds, removed, newest }: EndedParts,
  known: ReadonlyMap<string, Entry>,
  nowMs: number,
): Entry[] {
  const early = removed.flatMap(({ build, reason }): Entry[] =>
    reason === undefined ? [] : [entryOf(build, reason, timestamp(nowMs))],
  );
  const ended = builds.flatMap(({ isGoing, ...build }): Entry[] => {
    const { state } = build;
    if (isGoing || state.kind === "running") return [];
    return [entryOf(build, reasonOf(state, known.get(build.name)), state.finishedAt)];
  });
  // What is known of the newest one is more than its Job tells, and stays when this is gone.
  const { job, inputsHash, reason, startedAt, finishedAt } = newest ?? {};
  if (job === undefined || inputsHash === undefined || reason === undefined || finishedAt === undefined)
    return [...ended, ...early];
  const start = startedAt === undefined ? {} : { startedAt };
  return [...ended, ...early, { job, inputsHash, reason, ...start, finishedAt }];
}

/** Without its Pod, a Job knows no more than that it failed. */
function reasonOf(state: Exclude<BuildState, { kind: "running" }>, known: Entry | undefined): string {
  if (state.kind === "succeeded") return imageReason.succeeded;
  return (state.isPodGone ? known?.reason : undefined) ?? state.reason;
}

function entryOf(
  { name, hash, state }: Pick<Build, "name" | "hash" | "state">,
  reason: string,
  finishedAt: string,
): Entry {
  const { startedAt } = state;
  return { job: name, inputsHash: hash, reason, ...(startedAt !== undefined && { startedAt }), finishedAt };
}
