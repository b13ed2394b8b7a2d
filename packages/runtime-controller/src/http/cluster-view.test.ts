import type { Node, Pod } from "@datalayer/shared/kube/kinds";
import { describe, expect, it } from "vitest";
import { clusterStateOf } from "./cluster-view.ts";

const metadata = (name: string) => ({
  name,
  namespace: "runtimes",
  uid: name,
  resourceVersion: "1",
  creationTimestamp: "2026-11-22T00:00:00Z",
});

function node(
  name: string,
  { ready = "True", unschedulable }: { ready?: string; unschedulable?: true } = {},
): Node {
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: metadata(name),
    spec: { unschedulable },
    status: { conditions: [{ type: "Ready", status: ready }] },
  };
}

function pod(name: string, nodeName?: string, status: Pod["status"] = { phase: "Running" }): Pod {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: metadata(name),
    spec: { containers: [], nodeName },
    status,
  };
}

describe("the state of the cluster", () => {
  it("shows every node, with its Pods, in the order of names", () => {
    const { nodes_with_pods: nodes } = clusterStateOf([node("b"), node("a")], [pod("2", "b"), pod("1", "b")]);
    expect(nodes.map(({ node: { name }, pods }) => [name, pods.map((each) => each.name)])).toEqual([
      ["a", []],
      ["b", ["1", "2"]],
    ]);
  });

  it.each([
    ["ready", {}, { ready: true, schedulable: true }],
    ["cordoned", { unschedulable: true }, { ready: true, schedulable: false }],
    ["not_ready", { ready: "Unknown" }, { ready: false, schedulable: true }],
    ["not_ready", { ready: "False", unschedulable: true }, { ready: false, schedulable: false }],
  ] as const)("calls a node %s", (status, options, flags) => {
    const [shown] = clusterStateOf([node("a", options)], []).nodes_with_pods;
    expect(shown?.node).toEqual({ name: "a", status, ...flags });
  });

  it("shows Pods that no node has, and those whose node is gone", () => {
    const refused = {
      phase: "Pending",
      conditions: [{ type: "PodScheduled", status: "False", reason: "Unschedulable" }],
    };
    const state = clusterStateOf(
      [node("a")],
      [pod("1", undefined, refused), pod("2", "gone"), pod("3", "a")],
    );
    expect(state.unassigned_pods).toEqual([
      { name: "1", namespace: "runtimes", phase: "Pending", unschedulable: true },
      { name: "2", namespace: "runtimes", phase: "Running", unschedulable: false },
    ]);
    expect(state.node_requests).toEqual([]);
  });
});
