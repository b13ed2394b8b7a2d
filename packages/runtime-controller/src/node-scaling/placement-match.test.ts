import { describe, expect, it } from "vitest";
import { nodePlacementOf } from "../runtime/node-placement.ts";
import type { Taint } from "../runtime/toleration.ts";
import { mayRunOn, type NodeTraits } from "./placement-match.ts";

const node = (labels: Record<string, string> = {}, ...taints: Taint[]): NodeTraits => ({ labels, taints });

type Operator = "Exists" | "DoesNotExist" | "In" | "NotIn" | "Gt" | "Lt";
type Expressions = { key: string; operator: Operator; values?: string[] }[];
const requiring = (...terms: Expressions[]) => ({
  affinity: {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: terms.map((matchExpressions) => ({ matchExpressions })),
      },
    },
  },
});

describe("a pool's runtime", () => {
  const table: [string, Parameters<typeof mayRunOn>[0], NodeTraits, boolean][] = [
    ["without wishes may run anywhere", {}, node(), true],
    ["may run where its selector says", { nodeSelector: { zone: "a" } }, node({ zone: "a" }), true],
    ["may not run elsewhere", { nodeSelector: { zone: "a" } }, node({ zone: "b" }), false],
    [
      "may run on one of several",
      requiring([{ key: "v", operator: "In", values: ["x", "y"] }]),
      node({ v: "y" }),
      true,
    ],
    [
      "may not run on none of them",
      requiring([{ key: "v", operator: "In", values: ["x"] }]),
      node({ v: "y" }),
      false,
    ],
    [
      "keeps off what it excludes",
      requiring([{ key: "v", operator: "NotIn", values: ["y"] }]),
      node({ v: "y" }),
      false,
    ],
    [
      "takes a node without what it excludes",
      requiring([{ key: "v", operator: "NotIn", values: ["y"] }]),
      node(),
      true,
    ],
    ["asks for a label", requiring([{ key: "gpu", operator: "Exists" }]), node(), false],
    [
      "asks for the absence of a label",
      requiring([{ key: "gpu", operator: "DoesNotExist" }]),
      node({ gpu: "1" }),
      false,
    ],
    [
      "compares numbers",
      requiring([{ key: "cores", operator: "Gt", values: ["4"] }]),
      node({ cores: "8" }),
      true,
    ],
    [
      "compares numbers both ways",
      requiring([{ key: "cores", operator: "Lt", values: ["4"] }]),
      node({ cores: "8" }),
      false,
    ],
    [
      "needs all of a term",
      requiring([
        { key: "a", operator: "Exists" },
        { key: "b", operator: "Exists" },
      ]),
      node({ a: "" }),
      false,
    ],
    [
      "needs one term only",
      requiring([{ key: "a", operator: "Exists" }], [{ key: "b", operator: "Exists" }]),
      node({ b: "" }),
      true,
    ],
    ["gets nothing from a term without expressions", requiring([]), node(), false],
    ["keeps off a taint", {}, node({}, { key: "gpu", value: "1", effect: "NoSchedule" }), false],
    ["minds no preference", {}, node({}, { key: "gpu", effect: "PreferNoSchedule" }), true],
    [
      "minds no taint that passes",
      {},
      node({}, { key: "node.kubernetes.io/not-ready", effect: "NoSchedule" }),
      true,
    ],
    [
      "tolerates a taint by its value",
      { tolerations: [{ key: "gpu", value: "1" }] },
      node({}, { key: "gpu", value: "1", effect: "NoSchedule" }),
      true,
    ],
    [
      "tolerates no other value",
      { tolerations: [{ key: "gpu", value: "2" }] },
      node({}, { key: "gpu", value: "1", effect: "NoSchedule" }),
      false,
    ],
    [
      "tolerates no other effect",
      { tolerations: [{ key: "gpu", operator: "Exists", effect: "NoExecute" }] },
      node({}, { key: "gpu", effect: "NoSchedule" }),
      false,
    ],
    [
      "tolerates all",
      { tolerations: [{ operator: "Exists" }] },
      node({}, { key: "gpu", effect: "NoExecute" }),
      true,
    ],
  ];
  it.each(table)("%s", (_, placement, given, expected) => {
    expect(mayRunOn(placement, given)).toBe(expected);
  });

  it.each([{ "node.datalayer.io/xpu": "cpu" }, { "xpu.datalayer.io/cpu": "true" }] as Record<
    string,
    string
  >[])("that asks for a processor in one spelling may run on %j", (labels) => {
    for (const nodeSelector of [{ "node.datalayer.io/xpu": "cpu" }, { "xpu.datalayer.io/cpu": "true" }]) {
      expect(mayRunOn(nodePlacementOf({ nodeSelector } as never), node(labels))).toBe(true);
    }
  });
});
