import { describe, expect, it } from "vitest";
import { defaultLimits, load, size } from "../../test/scaling-simulation.ts";
import type { Amounts } from "./amounts.ts";
import { capacityOf } from "./capacity.ts";
import { decide, type Decision } from "./decide.ts";
import type { ScalingLimits } from "./limits.ts";
import type { ScalingNode, ScalingObservation, SeenGroup } from "./observation.ts";
import { emptyState, type ScalingState } from "./state.ts";

const nowMs = Date.parse("2026-01-01T00:00:00Z");
const loads = (count: number): Amounts[] => Array.from({ length: count }, () => load);

function node(
  id: string,
  traits: Partial<Omit<ScalingNode, "warm" | "assigned">> & { warm?: number; assigned?: number } = {},
): ScalingNode {
  const { warm = 0, assigned = 0, ...rest } = traits;
  return {
    name: `node-${id}`,
    uid: `uid-${id}`,
    isForRuntimes: true,
    instanceId: id,
    outlook: "staying",
    emptiedFor: undefined,
    isKept: false,
    sinceMs: nowMs - 3_600_000,
    allocatable: size,
    ...rest,
    warm: loads(warm),
    assigned: loads(assigned),
  };
}

interface Given {
  nodes?: ScalingNode[];
  waiting?: number;
  /** Seconds for which they have waited. */
  waitingFor?: number;
  misfits?: string[];
  isPlacing?: boolean;
  group?: Partial<SeenGroup>;
  limits?: Partial<ScalingLimits>;
  state?: Partial<ScalingState>;
  hasDemand?: boolean;
}

function decided({
  nodes = [],
  waiting = 0,
  waitingFor = 1,
  misfits = [],
  isPlacing = false,
  ...given
}: Given): Decision {
  const instances = nodes.map(({ instanceId = "" }) => ({ id: instanceId, phase: "running" as const }));
  const group: SeenGroup = { desired: nodes.length, min: 0, max: 50, instances, ageMs: 0, ...given.group };
  const observed: ScalingObservation = {
    groupId: "aws/workers",
    nodes,
    waiting: { loads: loads(waiting), sinceMs: nowMs - waitingFor * 1000, isPlacing, misfits },
    hasDemand: given.hasDemand ?? true,
    group,
    cloudFailure: undefined,
    template: { labels: {}, taints: [], allocatable: size },
    state: { ...emptyState, ...given.state },
  };
  const terms = { limits: { ...defaultLimits, ...given.limits }, nowMs };
  return decide(observed, { group, capacity: capacityOf(observed, group, terms) }, terms);
}

const full = (id: string): ScalingNode => node(id, { warm: 4 });

describe("strategy simple", () => {
  const grows: [string, Given, number][] = [
    ["one node for what waits", { nodes: [full("a")], waiting: 2 }, 2],
    ["as many as it takes", { nodes: [full("a")], waiting: 9 }, 4],
    ["none beyond the greatest number", { nodes: [full("a")], waiting: 90, limits: { maxNodes: 5 } }, 5],
    ["none beyond that of the cloud", { nodes: [full("a")], waiting: 90, group: { max: 3 } }, 3],
    ["nodes up to the least number", { nodes: [node("a")], limits: { minNodes: 3 } }, 3],
    ["nodes up to that of the cloud", { nodes: [], group: { min: 2 }, hasDemand: false }, 2],
    ["one node when the headroom is short", { nodes: [full("a")] }, 2],
    ["several for a great headroom", { nodes: [full("a")], limits: { headroom: { cpu: 7 } } }, 3],
    [
      "none for what fits on machines that come",
      { nodes: [full("a")], waiting: 7, group: { desired: 2 } },
      3,
    ],
    [
      "none for what fits on a node that has just come",
      { nodes: [full("a"), node("b", { sinceMs: nowMs - 2_000 })], waiting: 5 },
      3,
    ],
  ];
  it.each(grows)("adds %s", (_, given, target) => {
    expect(decided(given)).toMatchObject({ kind: "up", target });
  });

  const shrinks: [string, Given, string[]][] = [
    [
      "the node with the fewest warm runtimes",
      { nodes: [node("a", { warm: 2 }), node("b", { warm: 1 }), node("c")] },
      ["c"],
    ],
    [
      "as many as it may at once",
      { nodes: [node("a"), node("b"), node("c"), node("d")], limits: { downMaxStep: 2 } },
      ["a", "b"],
    ],
    [
      "one that is cordoned anyway first",
      { nodes: [node("a"), node("b"), node("c", { outlook: "leaving" })] },
      ["c"],
    ],
    [
      "no node with a user",
      { nodes: [node("a", { assigned: 1 }), node("b", { warm: 1 }), node("c")] },
      ["c"],
    ],
    ["no node that is to be kept", { nodes: [node("a", { isKept: true }), node("b"), node("c")] }, ["b"]],
    ["all nodes when nobody wants one", { nodes: [node("a")], hasDemand: false }, ["a"]],
    [
      "a machine that never became a node, to make room for another one",
      {
        nodes: [full("a")],
        waiting: 4,
        limits: { maxNodes: 2 },
        group: {
          desired: 2,
          instances: [
            { id: "a", phase: "running" },
            { id: "x", phase: "running" },
          ],
        },
        state: { unjoined: { x: nowMs - 901_000 } },
      },
      ["x"],
    ],
    [
      "a machine that never became a node",
      {
        nodes: [node("a", { warm: 1 })],
        group: {
          desired: 2,
          instances: [
            { id: "a", phase: "running" },
            { id: "x", phase: "running" },
          ],
        },
        state: { unjoined: { x: nowMs - 901_000 } },
      },
      ["x"],
    ],
  ];
  it.each(shrinks)("removes %s", (_, given, victims) => {
    const decision = decided(given);
    expect(decision.kind === "down" ? decision.victims.map(({ instanceId }) => instanceId) : []).toEqual(
      victims,
    );
  });

  const keeps: [string, Given, string][] = [
    [
      "enough is free, and not twice the headroom without a node",
      { nodes: [node("a", { warm: 3 }), node("b", { assigned: 1 })], limits: { headroom: { cpu: 2 } } },
      "Settled",
    ],
    [
      "less waits than the threshold",
      { nodes: [full("a"), node("b", { assigned: 3 })], waiting: 1, limits: { upThreshold: 2 } },
      "Settled",
    ],
    [
      "warm runtimes fit nowhere else",
      { nodes: [node("a", { warm: 2 }), node("b", { assigned: 3 })] },
      "Settled",
    ],
    ["the least number is reached", { nodes: [node("a"), node("b")], limits: { minNodes: 2 } }, "Settled"],
    ["no node may ever be removed", { nodes: [node("a"), node("b")], limits: { downMaxStep: 0 } }, "Settled"],
    ["the scheduler still looks for places", { nodes: [node("a"), node("b")], isPlacing: true }, "Settled"],
    ["nodes are on their way", { nodes: [node("a"), node("b")], group: { desired: 3 } }, "ScalingUp"],
    [
      "the greatest number is reached",
      { nodes: [full("a")], waiting: 4, limits: { maxNodes: 1 } },
      "AtMaximum",
    ],
    [
      "the last decision is young",
      { nodes: [full("a")], waiting: 4, state: { lastActionAt: nowMs - 29_000 } },
      "CoolingDown",
    ],
    [
      "commands failed before",
      { nodes: [full("a")], waiting: 4, state: { lastActionAt: nowMs - 100_000, failuresInRow: 2 } },
      "CoolingDown",
    ],
    [
      "an empty node is not taken",
      { nodes: [full("a"), node("b")], waiting: 9, waitingFor: 40 },
      "NodeNotUsed",
    ],
    [
      "a node lacks the label",
      {
        nodes: [full("a"), node("b", { isForRuntimes: false, assigned: 0 })],
        waiting: 2,
        waitingFor: 40,
        limits: { headroom: {} },
      },
      "NodeNotUsed",
    ],
    [
      "what waits fits on no node",
      { nodes: [node("a", { assigned: 1 })], misfits: ["ns/gpu"] },
      "NoNodeFits",
    ],
  ];
  it.each(keeps)("leaves the nodes as they are while %s", (_, given, reason) => {
    expect(decided(given)).toMatchObject({ kind: "keep", reason });
  });

  it("gives a node back before it asks for another one", () => {
    const command = {
      ...{
        id: "scale-down-1",
        group: "aws/workers",
        openedAt: nowMs,
        reason: "",
        from: 2,
        target: 1,
        attempts: 0,
      },
      operation: "scale_down" as const,
      phase: "emptying" as const,
      instanceId: "b",
      node: { name: "node-b", uid: "uid-b" },
    };
    const nodes = [full("a"), node("b", { outlook: "emptying", emptiedFor: command.id })];
    expect(decided({ nodes, waiting: 3, state: { commands: [command] } })).toMatchObject({
      kind: "revoke",
      commands: [command],
    });
    const asked = { ...command, attempts: 1 };
    expect(decided({ nodes, waiting: 3, state: { commands: [asked] } })).toMatchObject({
      kind: "up",
      target: 3,
    });
  });
});
