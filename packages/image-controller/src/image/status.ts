import type { Report, StatusFields } from "@datalayer/shared/controller/controller";
import { type Outcome, settled, waiting } from "@datalayer/shared/controller/outcome";
import type { Image, ImageStatus } from "@datalayer/shared/crds/image";
import { repositoryText } from "../registry/reference.ts";
import { askedOf } from "../resolve/looks.ts";
import type { Resolved } from "../resolve/resolver.ts";
import { buildStatusOf } from "./build-status.ts";
import { conditionsOf } from "./conditions.ts";
import { historyOf } from "./history.ts";
import type { ImageObservation } from "./observation.ts";
import type { ImagePlan, Step } from "./plan.ts";
import { publishedOf } from "./published-status.ts";
import { type Summary, summaryOf } from "./summary.ts";
import { timestamp } from "./timestamp.ts";

type Status = StatusFields<Image>;

/** When it was decided, and when it is looked at again. */
export interface ReportTimes {
  nowMs: number;
  /** Until the next look is due; `Infinity` for never. */
  lookInMs: number;
}

/** Steps after which something goes on that may be missed: when it is looked at again. */
const rechecksMs: Partial<Record<Step["kind"], number>> = {
  blocked: 60_000,
  build: 300_000,
  watch: 300_000,
  // A free place is told of, too.
  queue: 30_000,
  drop: 0,
};

const longestWaitMs = 300_000;

/** Says in the status of an Image what was done, once it was done. */
export function reportImage(observed: ImageObservation, plan: ImagePlan, times: ReportTimes): Report<Image> {
  const { image, look } = observed;
  const { step } = plan;
  if (keepsReady(image, step)) return stillReady(observed, step, times);
  // A build that went first is published: now what the Image is made of by now can be looked after.
  const isOlder = step.kind === "publish" && plan.subject?.isCurrent === false;
  const summary = summaryOf(isOlder ? { kind: "queue" } : step);
  const build = buildStatusOf(observed, plan, times.nowMs);
  const status: Status = {
    ...image.status,
    phase: summary.phase,
    ...ofResolved(image, look.resolved, plan, times.nowMs),
    ...ofPublished(plan),
    build,
    history: historyOf(image, { ...observed, ...plan, newest: build }, times.nowMs),
    published: publishedOf(image, plan, times.nowMs),
    nextPollAt: look.dueAt,
    nextAttemptAt: step.kind === "back-off" ? timestamp(step.untilMs) : undefined,
  };
  return {
    status,
    conditions: conditionsOf(observed, step, summary),
    outcome: outcomeOf(step, summary, isOlder ? { ...times, lookInMs: 0 } : times),
  };
}

/** What was published stays as it is while nobody answers what it is made of now. */
function keepsReady({ metadata, status }: Image, step: Step): boolean {
  const isPassing = step.kind === "blocked" && step.fault.isPassing;
  return isPassing && status?.phase === "Ready" && status.observedGeneration === metadata.generation;
}

function stillReady(observed: ImageObservation, step: Step, times: ReportTimes): Report<Image> {
  const { image, look } = observed;
  const { status } = image;
  const kept = (status?.conditions ?? []).filter(({ type }) =>
    ["Ready", "Reconciling", "Stalled"].includes(type),
  );
  const found = conditionsOf(observed, step, summaryOf(step)).filter(({ type }) => type === "SourceResolved");
  return {
    status: { ...status, nextPollAt: look.dueAt },
    conditions: [...kept, ...found],
    outcome: settled({ recheckAfterMs: Math.min(times.lookInMs, recheckMs(step, times.nowMs)) }),
  };
}

function outcomeOf(
  step: Step,
  { state, reason, message }: Summary,
  { nowMs, lookInMs }: ReportTimes,
): Outcome {
  const dueMs = Math.min(lookInMs, recheckMs(step, nowMs));
  if (state === "reconciling")
    return waiting({ reason, message, retryAfterMs: Math.min(dueMs, longestWaitMs) });
  return dueMs === Infinity ? settled() : settled({ recheckAfterMs: dueMs });
}

function recheckMs(step: Step, nowMs: number): number {
  if (step.kind === "back-off") return Math.max(0, step.untilMs - nowMs);
  return rechecksMs[step.kind] ?? Infinity;
}

/** What it is made of; of what was not found, the last word stands. */
function ofResolved(
  image: Image,
  resolved: Resolved | undefined,
  { subject }: ImagePlan,
  nowMs: number,
): Partial<Status> {
  if (!resolved) return {};
  const { status } = image;
  const { inputs } = resolved;
  return {
    ...(subject?.isCurrent && { inputsHash: inputs.hash }),
    lookedFor: askedOf(image),
    source: sourceOf(status?.source, resolved, nowMs),
    baseImages: inputs.bases.map(({ name, digest }) => ({ reference: name, digest })),
  };
}

function sourceOf(
  { observedAt, ...before }: NonNullable<ImageStatus["source"]> = {},
  { revision, tree }: Resolved,
  nowMs: number,
): Status["source"] {
  if (revision === undefined) return undefined;
  const isSame = before.revision === revision && before.tree === tree;
  return { revision, tree, observedAt: (isSame && observedAt) || timestamp(nowMs) };
}

/** What consumers run. */
function ofPublished({ step, subject }: ImagePlan): Partial<Status> {
  if (step.kind !== "publish" || !subject) return {};
  const { image, pushed, manifestDigests, sizeBytes } = step.built;
  return {
    image: `${repositoryText(subject.repository)}@${image.digest}`,
    indexDigest: pushed.digest === image.digest ? undefined : pushed.digest,
    manifestDigests: [...manifestDigests],
    tags: [...subject.tags],
    sizeBytes,
  };
}
