import { type JsonPatchOperation, pointer } from "@datalayer/shared/kube/json-patch";
import type { PersistentVolumeClaim } from "@datalayer/shared/kube/kinds";
import { assignmentAnnotations, assignmentLabels } from "../runtime/assignment-metadata.ts";
import { labelValueOf } from "../runtime/label-value.ts";
import { annotation, label } from "../runtime/names.ts";
import { addEach } from "../runtime/pod-patch.ts";
import type { AssignedRuntime, Assignment, Runtime, RuntimeEnd } from "../runtime/runtime.ts";
import { homeOf } from "../volume/names.ts";
import type { Home, HomeState } from "./home.ts";
import { homeAnnotation, recordPrefix } from "./names.ts";

/** All that a home says of its runtime, as labels and annotations. */
export interface HomeRecord {
  labels: Record<string, string>;
  annotations: Record<string, string>;
}

/** What a home has to know to bring its runtime back. */
export type RecordedRuntime = Pick<Runtime, "name" | "pool" | "environment" | "tokenKeyId"> & {
  assignment: Assignment;
};

/** What a home of this runtime says. */
export function recordOf(
  runtime: RecordedRuntime,
  { state, lastPod, pausedAt, pausedBecause }: Pick<Home, "state" | "lastPod" | "pausedAt" | "pausedBecause">,
): HomeRecord {
  const { assignment } = runtime;
  return {
    labels: recorded({
      ...assignmentLabels(assignment),
      [label.pool]: labelValueOf(runtime.pool),
      [label.state]: state,
      [homeOf]: runtime.name,
    }),
    annotations: recorded({
      ...assignmentAnnotations(assignment),
      [annotation.pool]: runtime.pool,
      [annotation.environment]: runtime.environment,
      [annotation.tokenKeyId]: runtime.tokenKeyId,
      [homeAnnotation.lastPod]: lastPod,
      [homeAnnotation.pausedAt]: pausedAt?.toString(),
      [homeAnnotation.pausedBecause]: pausedBecause,
    }),
  };
}

/** Makes a volume the home of a runtime, unless it is somebody's. */
export function takePatch(claim: PersistentVolumeClaim, record: HomeRecord): JsonPatchOperation[] {
  return [
    { op: "test", path: "/metadata/uid", value: claim.metadata.uid },
    { op: "test", path: "/metadata/deletionTimestamp", value: null },
    { op: "test", path: pointer("metadata", "labels", homeOf), value: null },
    ...rewrite(claim, record),
  ];
}

/**
 * Pauses: from now on the home stands for the runtime.
 * @param pod - the Pod that hands it over; undefined when there is none any more, or was none yet.
 * @param end - why the operator pauses it; default: what the Pod says.
 */
export function pausePatch(
  home: Home,
  pod: AssignedRuntime | undefined,
  nowSeconds: number,
  end: RuntimeEnd | undefined = pod?.end,
): JsonPatchOperation[] {
  const pausedAt = pod ? nowSeconds : (home.pausedAt ?? nowSeconds);
  const lastPod = pod?.uid ?? home.lastPod;
  const pausedBecause = end && whyOf(end);
  const record = recordOf(pod ?? home.runtime, { state: "paused", lastPod, pausedAt, pausedBecause });
  return [...unchanged(home), ...rewrite(home.claim, record)];
}

function whyOf({ reason, detail }: RuntimeEnd): string {
  return detail === undefined ? reason : `${reason}: ${detail}`;
}

/** Asks for a Pod that takes over. */
export function resumePatch(home: Home): JsonPatchOperation[] {
  return [...unchanged(home), ...setState("resuming")];
}

/** Notes why the Pod that it wants cannot be made. */
export function hinderPatch(home: Home, because: string, nowSeconds: number): JsonPatchOperation[] {
  const noted = {
    [homeAnnotation.waitsSince]: String(home.hindrance?.since ?? nowSeconds),
    [homeAnnotation.waitsBecause]: because,
  };
  return [...unchanged(home), ...addEach("annotations", noted)];
}

/** Notes which Pod has taken over. */
export function adoptPatch(home: Home, podUid: string): JsonPatchOperation[] {
  const noted = addEach("annotations", { [homeAnnotation.lastPod]: podUid });
  const over = home.hindrance ? [homeAnnotation.waitsSince, homeAnnotation.waitsBecause] : [];
  return [
    ...unchanged(home),
    ...setState("assigned"),
    ...noted,
    ...over.map((name) => ({ op: "remove" as const, path: pointer("metadata", "annotations", name) })),
  ];
}

/** Ends the runtime; `end` is why, for the usage of the Pod that it has. */
export function endPatch(home: Home, end: RuntimeEnd | undefined): JsonPatchOperation[] {
  const why = { [annotation.endReason]: end?.reason, [annotation.endDetail]: end?.detail };
  return [...unchanged(home), ...setState("ending"), ...addEach("annotations", why)];
}

/** Changes what a home says of its runtime. */
export function changePatch(home: Home, change: Partial<Assignment>): JsonPatchOperation[] {
  const runtime = { ...home.runtime, assignment: { ...home.runtime.assignment, ...change } };
  return [...unchanged(home), ...sameDetails(home), ...rewrite(home.claim, recordOf(runtime, home))];
}

/** What a change changes is as it was read: no change takes back another. */
function sameDetails({ claim }: Home): JsonPatchOperation[] {
  return [annotation.givenName, annotation.expiredAt].map((name) => ({
    op: "test",
    path: pointer("metadata", "annotations", name),
    value: claim.metadata.annotations?.[name] ?? null,
  }));
}

/** Lets a volume go: nothing on it speaks of the runtime any more. */
export function releasePatch(home: Home): JsonPatchOperation[] {
  return [...unchanged(home), ...rewrite(home.claim, { labels: {}, annotations: {} })];
}

/** Holds only while the home is what was read: of two changes at once one is refused, and has to read again. */
function unchanged({ claim, state, lastPod, runtime }: Home): JsonPatchOperation[] {
  return [
    { op: "test", path: "/metadata/uid", value: claim.metadata.uid },
    { op: "test", path: pointer("metadata", "labels", homeOf), value: runtime.name },
    { op: "test", path: pointer("metadata", "labels", label.state), value: state },
    { op: "test", path: pointer("metadata", "annotations", homeAnnotation.lastPod), value: lastPod },
  ];
}

function setState(state: HomeState): JsonPatchOperation[] {
  return addEach("labels", { [label.state]: state });
}

/** Puts a record in the place of the one that is there. */
function rewrite({ metadata }: PersistentVolumeClaim, record: HomeRecord): JsonPatchOperation[] {
  return (["labels", "annotations"] as const).flatMap((map) => {
    const known = Object.keys(metadata[map] ?? {}).filter((name) => name.startsWith(recordPrefix));
    const gone = known.filter((name) => record[map][name] === undefined);
    return [
      ...gone.map((name) => ({ op: "remove" as const, path: pointer("metadata", map, name) })),
      ...addEach(map, record[map]),
    ];
  });
}

/** Those that have a value, without what asks node scalers to let a Pod be. */
function recorded(values: Record<string, string | undefined>): Record<string, string> {
  const entries = Object.entries(values).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && entry[0].startsWith(recordPrefix),
  );
  return Object.fromEntries(entries);
}
