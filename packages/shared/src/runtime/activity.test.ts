import { describe, expect, it } from "vitest";
import { type ActivityReport, clientIdleMsOf } from "./activity.ts";

function report(observed_ms: number, idleMs: Record<string, number> = {}): ActivityReport {
  const runtimes = Object.entries(idleMs).map(([pod_uid, idle_ms]) => ({
    ulid: "01j9",
    pod_uid,
    idle_ms,
    connections: 0,
  }));
  return { observed_ms, runtimes };
}

describe("the idle time of a runtime behind several gateways", () => {
  it.each<[string, ActivityReport[], number | undefined]>([
    ["is the shortest that one saw", [report(9_000, { a: 5_000 }), report(9_000, { a: 2_000 })], 2_000],
    ["is that of its Pod, and of no other", [report(9_000, { a: 5_000, b: 1 })], 5_000],
    [
      "is at most what a replica has observed that never saw it",
      [report(9_000, { a: 5_000 }), report(70)],
      70,
    ],
    ["is not known without a report", [], undefined],
  ])("%s", (_, reports, expected) => {
    expect(clientIdleMsOf(reports, "a")).toBe(expected);
  });
});
