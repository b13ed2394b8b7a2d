import { ConfigMap } from "@datalayer/shared/kube/kinds";
import type { Manifest } from "@datalayer/shared/kube/object";
import type { JsonPatchOperation } from "@datalayer/shared/kube/json-patch";
import type { SequencedUsage, UsageRecord } from "./usage-record.ts";

/**
 * Usage records lie in ConfigMaps, a hundred in each, in the order in which they were recorded. The key of a
 * record is its place among all, so that no two can take the same place, whoever writes.
 */
const recordsPerSegment = 100;

/** Selects the ConfigMaps that hold usage. */
export const segmentLabel = { name: "datalayer.io/usage", value: "records" } as const;

const namePrefix = "runtime-usage-";

/** Name of the ConfigMap that holds the record with this place. */
export function segmentNameOf(sequence: number): string {
  return namePrefix + padded(Math.floor((sequence - 1) / recordsPerSegment), 8);
}

/** The records of one ConfigMap, in order; what is not a record is left out. */
export function recordsOf({ data = {} }: ConfigMap): SequencedUsage[] {
  return Object.entries(data)
    .filter(([key]) => /^\d+$/.test(key))
    .map(([key, text]) => ({ sequence: Number(key), record: JSON.parse(text) as UsageRecord }))
    .sort((a, b) => a.sequence - b.sequence);
}

/** Where new records go: as many of them as the segment of the first one has room for. */
export interface Append {
  segment: string;
  entries: Record<string, string>;
  /** The place of the first of them. */
  first: number;
  count: number;
}

/** Plans to put records after the last one. */
export function planAppend(lastSequence: number, records: readonly UsageRecord[]): Append {
  const first = lastSequence + 1;
  const room = recordsPerSegment - (lastSequence % recordsPerSegment);
  const fitting = records.slice(0, room);
  const entries = fitting.map((record, index) => [keyOf(first + index), JSON.stringify(record)] as const);
  return {
    segment: segmentNameOf(first),
    entries: Object.fromEntries(entries),
    first,
    count: fitting.length,
  };
}

/** The ConfigMap that begins with these records. */
export function segmentManifest(namespace: string, { segment, entries }: Append): Manifest<ConfigMap> {
  return {
    apiVersion: ConfigMap.apiVersion,
    kind: ConfigMap.kind,
    metadata: { name: segment, namespace, labels: { [segmentLabel.name]: segmentLabel.value } },
    data: entries,
  };
}

/** Adds the records to their ConfigMap, if nobody has taken their places. */
export function appendPatch({ entries, first }: Append): JsonPatchOperation[] {
  return [
    { op: "test", path: `/data/${keyOf(first)}`, value: null },
    ...Object.entries(entries).map(([key, value]) => ({ op: "add" as const, path: `/data/${key}`, value })),
  ];
}

/** What may be dropped. */
export interface Retention {
  /** Records to keep; whole segments go, so up to a hundred more stay. */
  records: number;
  /** All up to this place have been delivered; Infinity when they are delivered to nobody. */
  delivered: number;
}

/** Undelivered records are kept for longer, but not for ever. */
const undeliveredFactor = 5;

/** The segments that are not kept any more, oldest first. */
export function planDrop<T extends { name: string; last: number }>(
  segments: readonly T[],
  { records, delivered }: Retention,
): T[] {
  const newest = Math.max(0, ...segments.map(({ last }) => last));
  return segments
    .filter(({ last }) => newest - last >= (last <= delivered ? records : records * undeliveredFactor))
    .sort((a, b) => a.last - b.last);
}

function keyOf(sequence: number): string {
  return padded(sequence, 12);
}

function padded(number: number, digits: number): string {
  return String(number).padStart(digits, "0");
}
