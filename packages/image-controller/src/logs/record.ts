import { gunzipSync, gzipSync } from "node:zlib";
import { Image, type ImageSpec } from "@datalayer/shared/crds/image";
import type { ConfigMap, Job } from "@datalayer/shared/kube/kinds";
import type { Manifest } from "@datalayer/shared/kube/object";
import { annotation, buildApp, component, label, recordName } from "../image/names.ts";
import type { Attempt } from "./attempt.ts";
import { BoundedLog, type LogBounds } from "./bounded-log.ts";

/** The largest log that is kept, compressed: an object may have 1 MiB, and there are several of each Image. */
const mostBytes = 384 * 1024;
const logKey = "log.gz";
const outcomeKey = "outcome";
const endKey = "endedAt";

/**
 * The record of an attempt that has ended. It has the same readers as the log of the Pod had: those who may read Pods
 * and ConfigMaps.
 */
export function recordOf(
  { image, name }: Attempt,
  { job, log, endedAt }: { job: Job; log: string; endedAt: string },
): Manifest<ConfigMap> {
  const { namespace, uid, name: imageName } = image.metadata;
  const { apiVersion, kind } = Image;
  const copied = Object.values(annotation).flatMap((key) => {
    const value = job.metadata.annotations?.[key];
    return value === undefined ? [] : [[key, value]];
  });
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: {
      name: recordName(name),
      namespace,
      labels: { [label.app]: buildApp, [label.component]: component.record, [label.image]: uid },
      annotations: Object.fromEntries(copied) as Record<string, string>,
      ownerReferences: [
        { apiVersion, kind, name: imageName, uid, controller: true, blockOwnerDeletion: false },
      ],
    },
    immutable: true,
    data: {
      [outcomeKey]: endOf(job)?.type === "Complete" ? "succeeded" : "failed",
      [endKey]: endedAt,
    },
    binaryData: { [logKey]: compressed(log).toString("base64") },
  };
}

/** The condition by which a Job has ended; undefined while it has not. */
export function endOf({ status }: Job): JobCondition | undefined {
  return (status?.conditions ?? []).find(
    ({ type, status: is }) => (type === "Complete" || type === "Failed") && is === "True",
  );
}

type JobCondition = NonNullable<NonNullable<Job["status"]>["conditions"]>[number];

/** The log in a record. */
export function logIn({ binaryData = {} }: ConfigMap): string {
  return gunzipSync(Buffer.from(binaryData[logKey] ?? "", "base64")).toString("utf8");
}

/**
 * The records that are no longer kept, by the history of the spec. The newest of all stays in any case: by its number
 * the next attempt gets its own.
 */
export function recordsToDrop<Kept extends Manifest<ConfigMap>>(
  records: readonly Kept[],
  history: ImageSpec["history"],
): Kept[] {
  const { succeeded, failed } = { succeeded: 3, failed: 3, ...history };
  const byAge = [...records].sort(
    (a, b) =>
      (b.data?.[endKey] ?? "").localeCompare(a.data?.[endKey] ?? "") ||
      attemptOf(b) - attemptOf(a) ||
      a.metadata.name.localeCompare(b.metadata.name),
  );
  const left = new Map([
    ["succeeded", succeeded],
    ["failed", failed],
  ]);
  return byAge.filter((record, index) => {
    const outcome = record.data?.[outcomeKey] ?? "failed";
    const places = left.get(outcome) ?? 0;
    left.set(outcome, places - 1);
    return index > 0 && places <= 0;
  });
}

function attemptOf({ metadata }: Manifest<ConfigMap>): number {
  return Number(metadata.annotations?.[annotation.attempt] ?? 0);
}

/** What is random compresses badly: then less of it is kept. */
function compressed(log: string): Buffer {
  const bytes = gzipSync(log);
  let bounds: LogBounds = { head: mostBytes, tail: mostBytes };
  let fitting = bytes;
  while (fitting.byteLength > mostBytes) {
    const shorter = new BoundedLog(bounds);
    for (const line of log.replace(/\n$/, "").split("\n")) shorter.add(line);
    fitting = gzipSync(shorter.text());
    bounds = { head: Math.floor(bounds.head / 2), tail: Math.floor(bounds.tail / 2) };
  }
  return fitting;
}
