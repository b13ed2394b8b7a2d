import { describe, expect, it } from "vitest";
import { type Toleration, tolerationFaultOf } from "./toleration.ts";

const silent = "node.kubernetes.io/not-ready";

describe("the tolerations of a pool", () => {
  it.each<[string, Toleration[] | undefined]>([
    ["are none", undefined],
    ["name a taint", [{ key: "nvidia.com/gpu", operator: "Exists" }]],
    [
      "name the nodes of the control plane",
      [{ key: "node-role.kubernetes.io/control-plane", operator: "Exists" }],
    ],
    ["let Pods stay on a node that falls silent", [{ key: silent, operator: "Exists", effect: "NoExecute" }]],
    ["let Pods stay on any node", [{ operator: "Exists", effect: "NoExecute" }]],
    ["name a value that the taint has not", [{ key: silent, value: "true" }]],
  ])("are right when they %s", (_, tolerations) => {
    expect(tolerationFaultOf({ tolerations })).toBeUndefined();
  });

  it.each<[string, Toleration, string]>([
    ["any taint", { operator: "Exists" }, "node.kubernetes.io/unschedulable"],
    ["any taint, with an empty key", { key: "", operator: "Exists" }, "node.kubernetes.io/unschedulable"],
    ["that of any effect", { operator: "Exists", effect: "NoSchedule" }, "node.kubernetes.io/unschedulable"],
    ["that of silent nodes", { key: silent, operator: "Exists" }, silent],
    ["that of silent nodes by its value", { key: silent, effect: "NoSchedule" }, silent],
    [
      "that of lost nodes",
      { key: "node.kubernetes.io/unreachable", operator: "Exists" },
      "node.kubernetes.io/unreachable",
    ],
  ])("are refused when they tolerate %s: field, value and taint are named", (_, toleration, taint) => {
    const tolerations = [{ key: "nvidia.com/gpu", operator: "Exists" } as const, toleration];
    expect(tolerationFaultOf({ tolerations })).toBe(
      `spec.tolerations[1]: ${JSON.stringify(toleration)} tolerates ${taint}:NoSchedule, which keeps runtimes off ` +
        "nodes that go or are silent; expected one with the key of the taint that is meant.",
    );
  });
});
