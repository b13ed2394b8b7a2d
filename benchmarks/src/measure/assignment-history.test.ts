import type { Pod } from "@datalayer/shared/kube/kinds";
import { describe, expect, it } from "vitest";
import { AssignmentHistory } from "./assignment-history.ts";

const prefix = "runtime-pools.datalayer.io";
const nothingWrong = { doubleAssignments: 0, surplusPods: 0, leakedPods: 0 };

function pod(name: string, { claimId, key }: { claimId?: string; key?: string } = {}): Pod {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      uid: `uid-of-${name}`,
      resourceVersion: "1",
      creationTimestamp: "2026-01-01T00:00:00Z",
      labels: key === undefined ? {} : { [`${prefix}/claim-key`]: key },
      annotations: claimId === undefined ? {} : { [`${prefix}/claim-id`]: claimId },
    },
  };
}

describe("given the states of all Pods and the answers to all claims", () => {
  it("finds nothing wrong when each Pod goes to one caller", () => {
    const history = new AssignmentHistory();
    history.observe(pod("a"), false);
    history.observe(pod("a", { claimId: "1" }), false);
    history.observe(pod("a", { claimId: "1" }), false);
    history.answered("a", "alice");
    history.answered("a", "alice");
    expect(history.findings()).toEqual(nothingWrong);
    expect(history.assigned).toBe(1);
  });

  it("finds a Pod that one claim took over from another", () => {
    const history = new AssignmentHistory();
    history.observe(pod("a", { claimId: "1" }), false);
    history.observe(pod("a", { claimId: "2" }), false);
    history.answered("a", "alice");
    expect(history.findings()).toEqual({ ...nothingWrong, doubleAssignments: 1 });
  });

  it("finds a Pod that two callers were told, also after it has gone", () => {
    const history = new AssignmentHistory();
    history.observe(pod("a", { claimId: "1" }), false);
    history.answered("a", "alice");
    history.observe(pod("a", { claimId: "1" }), true);
    history.answered("a", "bob");
    expect(history.findings()).toEqual({ ...nothingWrong, doubleAssignments: 1 });
  });

  it("finds two Pods that one key holds, unless one of them has gone", () => {
    const history = new AssignmentHistory();
    for (const name of ["a", "b"]) {
      history.observe(pod(name, { claimId: name, key: "k" }), false);
      history.answered(name, "alice");
    }
    expect(history.findings()).toEqual({ ...nothingWrong, surplusPods: 1 });
    history.observe(pod("b", { claimId: "b", key: "k" }), true);
    expect(history.findings()).toEqual(nothingWrong);
  });

  it("finds a Pod that is assigned though nobody was told", () => {
    const history = new AssignmentHistory();
    history.observe(pod("a", { claimId: "1" }), false);
    expect(history.findings()).toEqual({ ...nothingWrong, leakedPods: 1 });
  });

  it("names what leaked, and which other Pods its key had", () => {
    const history = new AssignmentHistory();
    const [told, leaked] = [pod("a", { claimId: "1", key: "k" }), pod("b", { claimId: "2", key: "k" })];
    history.observe(told, false);
    history.answered("a", "caller");
    history.observe(told, true);
    history.observe(leaked, false);
    expect(history.leaks()).toEqual([{ pod: "b", ofKey: ["a", "b"] }]);
  });
});
