import type { Node, Pod } from "@datalayer/shared/kube/kinds";
import { describe, expect, it } from "vitest";
import type { Command } from "../node-scaling/command.ts";
import { emptyState, type ScalingState } from "../node-scaling/state.ts";
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

const nowMs = Date.parse("2026-11-22T00:10:00Z");
const shown = (nodes: Node[], pods: Pod[], state: ScalingState = emptyState) =>
  clusterStateOf(nodes, pods, { state, nowMs });

const up: Command = {
  id: "scale-up-1",
  group: "aws/workers",
  operation: "scale_up",
  phase: "requested",
  openedAt: nowMs - 90_000,
  reason: "3 nodes wanted.",
  from: 1,
  target: 3,
  attempts: 1,
};
const down: Command = {
  ...up,
  id: "scale-down-2",
  operation: "scale_down",
  phase: "emptying",
  from: 3,
  target: 2,
  instanceId: "i-1",
  node: { name: "a", uid: "a" },
};

describe("the state of the cluster", () => {
  it("shows every node, with its Pods, in the order of names", () => {
    const { nodes_with_pods: nodes } = shown([node("b"), node("a")], [pod("2", "b"), pod("1", "b")]);
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
    const [first] = shown([node("a", options)], []).nodes_with_pods;
    expect(first?.node).toEqual({ name: "a", status, ...flags });
  });

  it("shows Pods that no node has, and those whose node is gone", () => {
    const refused = {
      phase: "Pending",
      conditions: [{ type: "PodScheduled", status: "False", reason: "Unschedulable" }],
    };
    const state = shown([node("a")], [pod("1", undefined, refused), pod("2", "gone"), pod("3", "a")]);
    expect(state.unassigned_pods).toEqual([
      { name: "1", namespace: "runtimes", phase: "Pending", unschedulable: true },
      { name: "2", namespace: "runtimes", phase: "Running", unschedulable: false },
    ]);
    expect(state.node_requests).toEqual([]);
  });

  it("shows what is asked of the cloud, and what hinders it", () => {
    const failure = { reason: "CloudThrottled", message: "Rate exceeded" } as const;
    const condition = {
      status: "False",
      reason: "CloudThrottled",
      message: "no",
      since: nowMs - 5_500,
    } as const;
    const over: Command = { ...up, phase: "ended", outcome: "failed", endedAt: nowMs - 30_000 };
    const state = { ...emptyState, condition, commands: [over, { ...down, failure }], deadLetters: [over] };
    const { node_requests: requests, scaling } = shown([node("a")], [], state);
    const given = {
      action_id: "scale-up-1",
      operation: "scale_up",
      status: "failed",
      phase: "ended",
      elapsed_seconds: 60,
      requested_delta_nodes: 2,
      applied_delta_nodes: 0,
      target_workers: 3,
      attempts: 1,
      reason: "3 nodes wanted.",
    };
    expect(requests[0]).toEqual(given);
    expect(requests[1]).toMatchObject({
      status: "pending",
      phase: "emptying",
      elapsed_seconds: 90,
      requested_delta_nodes: -1,
      reason: "Rate exceeded",
    });
    const since = String(Math.floor(condition.since / 1000));
    expect(scaling).toEqual({
      status: "False",
      reason: "CloudThrottled",
      message: "no",
      since,
      dead_letters: [given],
    });
  });

  it("calls a node that is to be removed pending_scale_down", () => {
    const { nodes_with_pods: nodes } = shown([node("a"), node("b")], [], { ...emptyState, commands: [down] });
    expect(nodes.map((one) => one.node.status)).toEqual(["pending_scale_down", "ready"]);
  });

  it.each([
    ["asked for", { ...up }, ["scale-up-1-1", "scale-up-1-2"]],
    ["made", { ...up, phase: "provisioning", acceptedAt: nowMs }, ["i-7"]],
  ] as const)("shows machines that are %s as pending_scale_up", (_, command, names) => {
    const state = { ...emptyState, commands: [command], unjoined: { "i-7": nowMs } };
    const coming = shown([node("a")], [], state).nodes_with_pods.slice(1);
    expect(coming.map((one) => one.node)).toEqual(
      names.map((name) => ({ name, status: "pending_scale_up", ready: false, schedulable: false })),
    );
  });
});
