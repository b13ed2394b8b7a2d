import type { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import type { Node, Pod } from "@datalayer/shared/kube/kinds";
import { describe, expect, it } from "vitest";
import { createdAt, runtimePod, type RuntimeTraits, storedPool } from "../../test/pool-objects.ts";
import { trimPod } from "../runtime/trim-pod.ts";
import { parseRuntime } from "../runtime/runtime.ts";
import type { Runtimes } from "../runtime/runtimes.ts";
import { ScalingGatherer } from "./gather.ts";
import { emptyingAnnotation, runtimeRole } from "./node-role.ts";
import type { ScalingObservation } from "./observation.ts";
import { emptyState } from "./state.ts";

const ready = { type: "Ready", status: "True", lastTransitionTime: createdAt };

interface NodeTraits {
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  spec?: Node["spec"];
  conditions?: object[];
}

function node(name: string, { labels = {}, annotations, spec, conditions = [ready] }: NodeTraits = {}): Node {
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name,
      uid: `uid-${name}`,
      resourceVersion: "1",
      creationTimestamp: createdAt,
      labels: { [runtimeRole.key]: runtimeRole.value, ...labels },
      annotations,
    },
    spec: { providerID: `cloud:///${name}`, ...spec },
    status: { allocatable: { cpu: "4", memory: "16Gi", pods: "110" }, conditions: conditions as [] },
  };
}

/** A runtime Pod that asks for a core, as the cache holds it. */
function pod(id: string, traits: RuntimeTraits & { waits?: boolean; cpu?: string } = {}): Pod {
  const { waits, cpu = "1", ...rest } = traits;
  const made = runtimePod(id, rest);
  const refused = {
    type: "PodScheduled",
    status: "False",
    reason: "Unschedulable",
    lastTransitionTime: createdAt,
  };
  made.spec = {
    nodeName: waits ? undefined : made.spec?.nodeName,
    containers: [{ name: "jupyter", resources: { requests: { cpu } } }],
  };
  if (waits) made.status = { phase: "Pending", conditions: [refused] };
  trimPod(made);
  return made;
}

function gathered(
  nodes: Node[],
  pods: Pod[],
  pool: RuntimePool = storedPool({ size: 0 }),
): ScalingObservation {
  const gatherer = new ScalingGatherer({
    nodes: { list: () => nodes },
    pools: { get: () => pool, list: () => [pool] },
    runtimes: { all: () => pods.flatMap((one) => parseRuntime(one) ?? []) } as unknown as Runtimes,
    owner: "operator",
    executor: {
      name: "aws",
      group: "workers",
      instanceOf: ({ providerId }) => providerId?.split("/").at(-1),
    },
  });
  const instances = nodes.map(({ metadata }) => ({ id: metadata.name, phase: "running" as const }));
  const group = { desired: nodes.length, min: 0, max: 9, instances, ageMs: 0 };
  return gatherer.gather({ group, cloudFailure: undefined, state: emptyState });
}

describe("a node", () => {
  it("is known with its size, and with what its runtimes take", () => {
    const pods = [
      pod("1", { node: "a" }),
      pod("2", { node: "a", state: "assigned" }),
      pod("3", { node: "b" }),
    ];
    const [first] = gathered([node("a")], pods).nodes;
    expect(first).toMatchObject({
      instanceId: "a",
      isForRuntimes: true,
      outlook: "staying",
      allocatable: { cpu: 4, memory: 16 * 2 ** 30, pods: 110 },
      warm: [{ cpu: 1, pods: 1 }],
      assigned: [{ cpu: 1, pods: 1 }],
    });
  });

  it("holds what is being deleted until it is gone, and nothing of what has ended", () => {
    const pods = [pod("1", { node: "a", terminating: true }), pod("2", { node: "a", ended: true })];
    expect(gathered([node("a")], pods).nodes[0]?.warm).toHaveLength(1);
  });

  const table: [string, NodeTraits, Partial<ScalingObservation["nodes"][number]>][] = [
    ["that is cordoned leaves", { spec: { unschedulable: true } }, { outlook: "leaving" }],
    [
      "that a command has cordoned is emptied",
      { spec: { unschedulable: true }, annotations: { [emptyingAnnotation]: "operator/scale-down-1" } },
      { outlook: "emptying", emptiedFor: "scale-down-1" },
    ],
    [
      "that another operator empties is left to that one",
      { spec: { unschedulable: true }, annotations: { [emptyingAnnotation]: "other/scale-down-1" } },
      { outlook: "emptying", emptiedFor: undefined },
    ],
    ["that is not ready is silent", { conditions: [{ ...ready, status: "Unknown" }] }, { outlook: "silent" }],
    ["that has never been ready is silent", { conditions: [] }, { outlook: "silent" }],
    ["may be kept", { annotations: { "karpenter.sh/do-not-disrupt": "true" } }, { isKept: true }],
    [
      "may be kept in the words of the Cluster Autoscaler",
      { annotations: { "cluster-autoscaler.kubernetes.io/scale-down-disabled": "true" } },
      { isKept: true },
    ],
    [
      "without the label is known if it is of the group",
      { labels: { [runtimeRole.key]: "no" } },
      { isForRuntimes: false },
    ],
  ];
  it.each(table)("%s", (_, traits, expected) => {
    expect(gathered([node("a", traits)], []).nodes[0]).toMatchObject(expected);
  });

  it("of neither is not looked at", () => {
    const foreign = node("x", { labels: { [runtimeRole.key]: "no" }, spec: { providerID: "" } });
    const { nodes } = gathered([foreign], []);
    expect(nodes).toEqual([]);
  });
});

describe("what waits", () => {
  it("is what the scheduler has found no node for, and what its pool has still to create", () => {
    const pool = storedPool({ size: 5 });
    const { waiting, hasDemand } = gathered([node("a")], [pod("1", { waits: true, state: "pending" })], pool);
    expect(waiting.loads).toHaveLength(5);
    expect(waiting.sinceMs).toBe(Date.parse(createdAt));
    expect(hasDemand).toBe(true);
  });

  it("is not what merely starts, or is being deleted", () => {
    const pods = [pod("1", { state: "pending" }), pod("2", { waits: true, terminating: true })];
    expect(gathered([node("a")], pods).waiting.loads).toEqual([]);
  });

  it("may become more while the scheduler has not seen all", () => {
    const unseen = pod("1", { state: "pending" });
    unseen.spec = { ...unseen.spec, containers: [], nodeName: undefined };
    expect(gathered([node("a")], [unseen]).waiting).toMatchObject({ loads: [], isPlacing: true });
    expect(gathered([node("a")], [pod("1", { waits: true })]).waiting.isPlacing).toBe(false);
  });

  it.each([
    ["is larger than a node", { cpu: "5" }, storedPool({ size: 0 })],
    ["is to run elsewhere", {}, storedPool({ size: 0, nodeSelector: { gpu: "yes" } })],
  ])("does not count when it %s", (_, traits, pool) => {
    const { waiting } = gathered([node("a")], [pod("1", { waits: true, ...traits })], pool);
    expect(waiting).toMatchObject({ loads: [], misfits: ["datalayer-runtimes/python-simple-pool"] });
  });

  it("counts when one of several kinds of node takes it", () => {
    const pool = storedPool({ size: 0, nodeSelector: { gpu: "yes" } });
    const nodes = [node("a"), node("b", { labels: { gpu: "yes" } })];
    expect(gathered(nodes, [pod("1", { waits: true })], pool).waiting.loads).toHaveLength(1);
  });

  it("counts while no node of the group is known", () => {
    const pool = storedPool({ size: 0, nodeSelector: { gpu: "yes" } });
    expect(gathered([], [pod("1", { waits: true })], pool).waiting.loads).toHaveLength(1);
  });
});
