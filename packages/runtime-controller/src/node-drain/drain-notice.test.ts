import { applyPatch } from "fast-json-patch";
import { describe, expect, it } from "vitest";
import { createdAt, runtimePod, type RuntimeTraits } from "../../test/pool-objects.ts";
import { annotation } from "../runtime/names.ts";
import { parseRuntime, type Runtime } from "../runtime/runtime.ts";
import { type DrainNotice, drainNoticeOf } from "./drain-notice.ts";
import type { NodeOutlook } from "./node-outlook.ts";

const nowMs = Date.parse(createdAt);
const times = { nowMs, deadlineMs: 3_600_000 };
const leaving: NodeOutlook = { kind: "leaving", because: "it is cordoned" };
const told: RuntimeTraits = {
  state: "assigned",
  annotations: { [annotation.nodeDrainingSince]: "100", [annotation.nodeDrainEndsAt]: "3700" },
};

function noticeFor(traits: RuntimeTraits, outlook: NodeOutlook, rest = times): DrainNotice | undefined {
  return drainNoticeOf(parseRuntime(runtimePod("a", traits))!, outlook, rest);
}

/** The runtime after the notice was written. */
function after(traits: RuntimeTraits, outlook: NodeOutlook, rest = times): Runtime {
  const pod = runtimePod("a", traits);
  const { operations = [] } = noticeFor(traits, outlook, rest) ?? {};
  return parseRuntime(applyPatch(pod, structuredClone(operations) as never, true).newDocument)!;
}

describe("an assigned runtime whose node goes", () => {
  it("is told since when, and until when it may stay", () => {
    const since = nowMs / 1000;
    expect(after({ state: "assigned" }, leaving).drain).toEqual({ since, endsAt: since + 3600 });
    expect(noticeFor({ state: "assigned" }, leaving)).toMatchObject({
      reason: "NodeDraining",
      note:
        "Node node-a goes: it is cordoned. " +
        "Runtime runtime-a may stay until 2026-01-01T01:00:00.000Z at the latest.",
    });
  });

  it("may stay for ever when there is no deadline", () => {
    const { drain } = after({ state: "assigned" }, leaving, { nowMs, deadlineMs: Infinity });
    expect(drain).toEqual({ since: nowMs / 1000, endsAt: undefined });
  });

  it("is told once: its time counts from the first sight", () => {
    expect(noticeFor(told, leaving)).toBeUndefined();
  });

  it("is told when its node stays after all", () => {
    expect(after(told, { kind: "staying" }).drain).toBeUndefined();
    expect(noticeFor(told, { kind: "staying" })?.reason).toBe("NodeStays");
  });

  it("keeps its notice while its node is silent", () => {
    expect(noticeFor(told, { kind: "silent", because: "it is gone" })).toBeUndefined();
  });
});

describe("an assigned runtime whose node stays", () => {
  it("is told nothing, and nothing while its node is silent", () => {
    expect(noticeFor({ state: "assigned" }, { kind: "staying" })).toBeUndefined();
    expect(noticeFor({ state: "assigned" }, { kind: "silent", because: "it is gone" })).toBeUndefined();
  });
});
