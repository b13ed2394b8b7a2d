import { describe, expect, it } from "vitest";
import type { ReportedCondition } from "./conditions.ts";
import { settled, stalled, waiting } from "./outcome.ts";
import { statusAfter, statusAfterError, statusPatch, transitionEvents, type WithStatus } from "./status.ts";

const nowMs = Date.UTC(2026, 0, 1);

function widget(status?: object, generation = 2): WithStatus {
  const metadata = {
    name: "a",
    namespace: "team",
    uid: "u",
    resourceVersion: "7",
    generation,
    creationTimestamp: "2026-01-01T00:00:00Z",
  };
  return { apiVersion: "test/v1", kind: "Widget", metadata, ...(status && { status }) };
}

const failed = { message: "reset", failures: 1 };

describe("the status after a reconcile", () => {
  it("has the reported fields, the generation and the conditions, and nothing of the old fields", () => {
    const after = statusAfter(
      widget({ old: 1 }),
      { status: { size: 3, gone: undefined }, outcome: settled() },
      nowMs,
    );
    expect(after).toMatchObject({ size: 3, observedGeneration: 2 });
    expect(Object.keys(after).toSorted()).toEqual(["conditions", "observedGeneration", "size"]);
  });

  it("keeps the fields when none are reported", () => {
    expect(statusAfter(widget({ size: 3 }), { outcome: settled() }, nowMs)).toMatchObject({ size: 3 });
  });

  it("is not patched when it is the same", () => {
    const status = statusAfter(widget(), { status: { size: 3 }, outcome: settled() }, nowMs);
    const again = statusAfter(widget(status), { status: { size: 3 }, outcome: settled() }, nowMs + 5_000);
    expect(statusPatch(widget(status), again)).toBeUndefined();
  });

  it("is patched as a whole, for the version that was reconciled", () => {
    const status = statusAfter(widget(), { outcome: settled() }, nowMs);
    expect(statusPatch(widget(), status)).toEqual([
      { op: "replace", path: "/metadata/resourceVersion", value: "7" },
      { op: "add", path: "/status", value: status },
    ]);
  });
});

describe("the status after an error", () => {
  it("keeps fields and observed generation: the new spec has not been dealt with", () => {
    const before = statusAfter(widget(undefined, 1), { status: { size: 3 }, outcome: settled() }, nowMs);
    const after = statusAfterError(widget(before, 2), failed, nowMs);
    expect(after).toMatchObject({ size: 3, observedGeneration: 1 });
  });
});

describe("Events", () => {
  const bad = stalled({ reason: "BadSize", message: "spec.size is -1." });
  const wait = waiting({ reason: "Warming", message: "Not yet.", retryAfterMs: 1 });
  const routed: ReportedCondition = { type: "Routed", status: "False", reason: "NoRoute", message: "None." };

  it.each([
    ["Normal", "Settled", settled()],
    ["Normal", "Warming", wait],
    ["Warning", "BadSize", bad],
  ])("are one %s for the reason %s that three conditions share", (type, reason, outcome) => {
    const after = statusAfter(widget(), { outcome }, nowMs);
    expect(transitionEvents(undefined, after)).toEqual([expect.objectContaining({ type, reason })]);
  });

  it("are a warning when a reconcile failed, and when a condition of the kind is false", () => {
    expect(transitionEvents(undefined, statusAfterError(widget(), failed, nowMs))).toEqual([
      { type: "Warning", reason: "ReconcileFailed", note: "reset" },
    ]);
    const after = statusAfter(widget(), { outcome: wait, conditions: [routed] }, nowMs);
    expect(transitionEvents(undefined, after)).toContainEqual({
      type: "Warning",
      reason: "NoRoute",
      note: "None.",
    });
  });

  it("are none while reasons stay, whatever the messages say", () => {
    const before = statusAfter(widget(), { outcome: wait }, nowMs);
    const after = statusAfter(widget(before), { outcome: { ...wait, message: "Soon." } }, nowMs);
    expect(transitionEvents(before, after)).toEqual([]);
  });
});
