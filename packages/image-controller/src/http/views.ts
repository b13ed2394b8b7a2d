import { conditionView } from "@datalayer/shared/http/condition";
import type { Condition } from "@datalayer/shared/crds/conditions";
import type { BuildStatus, Image, ImageStatus } from "@datalayer/shared/crds/image";
import { findCondition } from "@datalayer/shared/controller/conditions";
import { explain } from "../explanation/explain.ts";
import type { ImageDetail, ImageView } from "./schemas.ts";

/** What a list shows of an Image. */
export function viewOf({ metadata, status = {} }: Image): ImageView {
  const { namespace = "", name, uid } = metadata;
  const { phase, image, tags, inputsHash } = status;
  return {
    namespace,
    name,
    uid,
    phase: phase ?? null,
    ...readinessOf(status),
    image: image ?? null,
    tags: [...(tags ?? [])],
    inputs_hash: inputsHash ?? null,
  };
}

function readinessOf({ conditions = [] }: ImageStatus): Pick<ImageView, "ready" | "reason"> {
  const ready = findCondition(conditions, "Ready");
  if (!ready) return { ready: null, reason: null };
  return { ready: ready.status === "Unknown" ? null : ready.status === "True", reason: ready.reason };
}

/** All that is known of an Image. */
export function detailOf(image: Image): ImageDetail {
  const { status = {} } = image;
  const { source, state, readiness, next, advice } = explain(image);
  return {
    ...viewOf(image),
    ...inputsOf(status),
    build: status.build ? buildView(status.build) : null,
    ...buildsOf(status),
    next_attempt_at: status.nextAttemptAt ?? null,
    next_poll_at: status.nextPollAt ?? null,
    conditions: ((status.conditions ?? []) as Condition[]).map(conditionView),
    explanation: { source, state, readiness, next: next ?? null, advice: advice ?? null },
  };
}

function inputsOf({ source, baseImages = [], sizeBytes }: ImageStatus) {
  return {
    source_revision: source?.revision ?? null,
    base_images: baseImages.map(({ reference, digest }) => ({ reference, digest })),
    size_bytes: sizeBytes ?? null,
  };
}

function buildView({ job, attempt, inputsHash, trigger, ...rest }: BuildStatus): ImageDetail["build"] {
  const known = { job, attempt, inputs_hash: inputsHash, trigger, ...endingOf(rest) };
  const entries = Object.entries(known).map(([key, value]) => [key, value ?? null]);
  return Object.fromEntries(entries) as ImageDetail["build"];
}

function endingOf({ queuedAt, startedAt, finishedAt, reason, message, logTail }: BuildStatus) {
  return {
    queued_at: queuedAt,
    started_at: startedAt,
    finished_at: finishedAt,
    reason,
    message,
    log_tail: logTail,
  };
}

function buildsOf({ history = [], published = [] }: ImageStatus): Pick<ImageDetail, "history" | "published"> {
  return {
    history: history.map(({ job, inputsHash, reason, startedAt, finishedAt }) => ({
      job,
      inputs_hash: inputsHash,
      reason,
      started_at: startedAt ?? null,
      finished_at: finishedAt ?? null,
    })),
    published: published.map(({ repository, digest, inputsHash, publishedAt, tags }) => ({
      repository,
      digest: digest ?? null,
      inputs_hash: inputsHash,
      published_at: publishedAt ?? null,
      tags: [...(tags ?? [])],
    })),
  };
}
