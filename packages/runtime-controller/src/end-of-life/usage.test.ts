import type { Pod } from "@datalayer/shared/kube/kinds";
import { describe, expect, it } from "vitest";
import { runtimePod, type RuntimeTraits } from "../../test/pool-objects.ts";
import { annotation, jupyterContainer, label } from "../runtime/names.ts";
import { parseRuntime, type Runtime } from "../runtime/runtime.ts";
import { hasStopped, stopDeadlineMs, usageOf } from "./usage.ts";

const startMs = Date.parse("2026-01-01T00:00:00Z");
const at = (seconds: number): string => new Date(startMs + seconds * 1000).toISOString();
const afterMs = (seconds: number): number => startMs + seconds * 1000;

/** Assigned at second 0, at half a credit a second. */
function assigned(metadata: Partial<Pod["metadata"]> = {}, traits: RuntimeTraits = {}): Runtime {
  const pod = runtimePod("01k", {
    state: "assigned",
    labels: { [label.userUid]: "user-1", [label.reservationId]: "res-1", [label.kernelType]: "notebook" },
    annotations: {
      [annotation.claimId]: "claim-1",
      [annotation.startedAt]: String(startMs / 1000),
      [annotation.burningRate]: "0.5",
    },
    ...traits,
  });
  return parseRuntime({ ...pod, metadata: { ...pod.metadata, ...metadata } })!;
}

function terminated(...finishedAt: (string | undefined)[]): RuntimeTraits {
  const containerStatuses = finishedAt.map((time) => ({
    name: jupyterContainer,
    image: "i",
    imageID: "i",
    ready: false,
    restartCount: 0,
    state: time === undefined ? { running: {} } : { terminated: { exitCode: 0, finishedAt: time } },
  }));
  return { status: { phase: "Failed", containerStatuses } };
}

describe("the usage of a runtime", () => {
  it("names who had what, and what it costs", () => {
    expect(usageOf(assigned({ deletionTimestamp: at(60) }), afterMs(90))).toEqual({
      id: "uid-of-runtime-01k",
      pod_name: "runtime-01k",
      uid: "01k",
      namespace: "datalayer-runtimes",
      environment_name: "python-simple-env",
      pool_name: "python-simple-pool",
      type: "notebook",
      user_uid: "user-1",
      reservation_id: "res-1",
      started_at: String(startMs / 1000),
      ended_at: String(startMs / 1000 + 60),
      seconds: 60,
      burning_rate: 0.5,
      credits: 30,
      reason: "Deleted",
      reason_detail: null,
    });
  });

  it.each<[string, Runtime, number]>([
    ["when its containers finished", assigned({ deletionTimestamp: at(60) }, terminated(at(40))), 40],
    ["when the last of them finished", assigned({}, terminated(at(40), at(50), at(45))), 50],
    ["with its grace period when nothing tells", assigned({ deletionTimestamp: at(60) }), 60],
    ["now when its grace period is not over", assigned({ deletionTimestamp: at(120) }), 90],
    ["now when nothing else is known", assigned(), 90],
    ["not before it started", assigned({}, terminated(at(-5))), 0],
  ])("ends %s", (_, runtime, seconds) => {
    expect(usageOf(runtime, afterMs(90))).toMatchObject({ seconds, credits: seconds / 2 });
  });

  it("is the same whenever it is computed after the end", () => {
    const ended = assigned({ deletionTimestamp: at(60) }, terminated(at(40)));
    expect(usageOf(ended, afterMs(90))).toEqual(usageOf(ended, afterMs(9_000)));
  });

  it("names why it ended, when that was written on the Pod", () => {
    const annotations = { [annotation.endReason]: "Idle", [annotation.endDetail]: "no one came" };
    const { pod } = assigned();
    const ended = { ...pod.metadata, annotations: { ...pod.metadata.annotations, ...annotations } };
    expect(usageOf(parseRuntime({ ...pod, metadata: ended })!, afterMs(90))).toMatchObject({
      reason: "Idle",
      reason_detail: "no one came",
    });
  });

  it("costs nothing when it never served", () => {
    const one = assigned({ deletionTimestamp: at(60) });
    const never = { ...one, assignment: { ...one.assignment!, startDeadline: startMs / 1000 + 300 } };
    expect(usageOf(never, afterMs(90))).toMatchObject({ seconds: 0, credits: 0 });
  });

  it("is none of a runtime that was never assigned", () => {
    expect(usageOf(parseRuntime(runtimePod("01k"))!, afterMs(90))).toBeUndefined();
  });
});

describe("a runtime that is being deleted", () => {
  it.each<[string, Runtime, boolean]>([
    ["has stopped when its Pod has failed", assigned({}, { ended: true }), true],
    ["has stopped when its node says so", assigned({ deletionGracePeriodSeconds: 0 }), true],
    ["has stopped when every container has", assigned({}, terminated(at(1), at(2))), true],
    [
      "runs while a container does",
      assigned({ deletionTimestamp: at(90) }, runningPhase(at(1), undefined)),
      false,
    ],
    ["runs while its node may still say so", assigned({ deletionTimestamp: at(80) }), false],
    ["has stopped when its node has been silent for too long", assigned({ deletionTimestamp: at(69) }), true],
    ["runs when nobody has deleted it", assigned(), false],
  ])("%s", (_, runtime, expected) => {
    expect(hasStopped(runtime, afterMs(90))).toBe(expected);
  });

  it("counts as stopped 20 s after its grace period at the latest", () => {
    expect(stopDeadlineMs(at(30))).toBe(afterMs(50));
    expect(stopDeadlineMs(undefined)).toBe(Infinity);
  });
});

function runningPhase(...finishedAt: (string | undefined)[]): RuntimeTraits {
  const { status } = terminated(...finishedAt);
  return { status: { ...status, phase: "Running" } };
}
