import type { RuntimePoolSpec } from "@datalayer/shared/crds/runtime-pool";
import { describe, expect, it } from "vitest";
import { nodePlacementOf } from "./node-placement.ts";

type Labels = Record<string, string>;
type Requirement = { key: string; operator?: string; values?: string[] };

const required = (...terms: Requirement[][]): RuntimePoolSpec => ({
  affinity: {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: terms.map((matchExpressions) => ({ matchExpressions })) as [],
      },
    },
  },
});

/** Whether the scheduler would put a Pod of this spec on a node with these labels. */
function fits(spec: RuntimePoolSpec, labels: Labels): boolean {
  const { nodeSelector = {}, affinity } = nodePlacementOf(spec);
  const terms =
    affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  const meets = ({ key, operator, values = [] }: Requirement): boolean => {
    const value = labels[key];
    const isIn = value !== undefined && values.includes(value);
    const answers: Record<string, boolean> = {
      In: isIn,
      NotIn: !isIn,
      Exists: value !== undefined,
      DoesNotExist: value === undefined,
    };
    return answers[operator ?? ""] ?? false;
  };
  return (
    Object.entries(nodeSelector).every(([key, value]) => labels[key] === value) &&
    (terms.length === 0 || terms.some(({ matchExpressions = [] }) => matchExpressions.every(meets)))
  );
}

const oneLabel = { "node.datalayer.io/xpu": "cpu" };
const labelEach = { "xpu.datalayer.io/cpu": "true" };
const gpuNode = { "node.datalayer.io/xpu": "gpu-cuda" };
const gpuNodeToo = { "xpu.datalayer.io/gpu-cuda": "true" };
const inMedium = { key: "node.datalayer.io/variant", operator: "In", values: ["medium"] };

describe("a pool that asks for a processor", () => {
  const askers: [string, RuntimePoolSpec][] = [
    ["by nodeSelector and one label", { nodeSelector: oneLabel }],
    ["by nodeSelector and a label for each", { nodeSelector: labelEach }],
    ["by nodeSelector in both spellings", { nodeSelector: { ...oneLabel, ...labelEach } }],
    [
      "by affinity and one label",
      required([{ key: "node.datalayer.io/xpu", operator: "In", values: ["cpu"] }]),
    ],
    [
      "by affinity and a label for each",
      required([{ key: "xpu.datalayer.io/cpu", operator: "In", values: ["true"] }]),
    ],
    [
      "by affinity and the presence of a label",
      required([{ key: "xpu.datalayer.io/cpu", operator: "Exists" }]),
    ],
    [
      "by excluding the others",
      required([{ key: "xpu.datalayer.io/gpu-cuda", operator: "NotIn", values: ["true"] }]),
    ],
    [
      "by excluding the others by their one label",
      required([{ key: "node.datalayer.io/xpu", operator: "NotIn", values: ["gpu-cuda"] }]),
    ],
  ];

  it.each(askers)("%s fits nodes of both spellings, and no other", (_, spec) => {
    expect(fits(spec, oneLabel)).toBe(true);
    expect(fits(spec, labelEach)).toBe(true);
    expect(fits(spec, gpuNode)).toBe(false);
    expect(fits(spec, gpuNodeToo)).toBe(false);
  });

  it("still asks for everything else that its terms and its selector name", () => {
    const { affinity } = required([
      inMedium,
      { key: "node.datalayer.io/xpu", operator: "In", values: ["cpu"] },
    ]);
    const spec = { affinity, nodeSelector: { disk: "ssd" } };
    const medium = { "node.datalayer.io/variant": "medium" };
    expect(fits(spec, { ...medium, ...labelEach, disk: "ssd" })).toBe(true);
    expect(fits(spec, { ...labelEach, disk: "ssd" })).toBe(false);
    expect(fits(spec, { ...medium, ...labelEach })).toBe(false);
  });

  it("applies its selector to each of the terms", () => {
    const spec = { ...required([inMedium], [{ key: "zone", operator: "Exists" }]), nodeSelector: oneLabel };
    expect(fits(spec, { ...labelEach, zone: "a" })).toBe(true);
    expect(fits(spec, { zone: "a" })).toBe(false);
  });

  it("may name several", () => {
    const spec = required([{ key: "node.datalayer.io/xpu", operator: "In", values: ["cpu", "gpu-cuda"] }]);
    for (const labels of [oneLabel, labelEach, gpuNode, gpuNodeToo]) expect(fits(spec, labels)).toBe(true);
    expect(fits(spec, { "xpu.datalayer.io/tpu": "true" })).toBe(false);
  });
});

describe("a pool that does not ask for a processor", () => {
  it.each<[string, RuntimePoolSpec]>([
    ["says nothing of nodes", {}],
    ["selects by another label", { nodeSelector: { disk: "ssd" } }],
    ["requires another label", required([inMedium])],
    ["tolerates a taint", { tolerations: [{ key: "nvidia.com/gpu", operator: "Exists" }] }],
  ])("that %s is placed as it says", (_, spec) => {
    const { nodeSelector, affinity, tolerations } = spec;
    expect(nodePlacementOf(spec)).toEqual({ nodeSelector, affinity, tolerations });
  });
});
