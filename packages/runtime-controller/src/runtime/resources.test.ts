import { describe, expect, it } from "vitest";
import { storedEnvironment } from "../../test/pool-objects.ts";
import { type Resources, resourcesOf } from "./resources.ts";

type Given = Partial<Resources>;

const limits = { cpu: "1", memory: "1Gi" };
const requests = { cpu: "100m" };

describe("the resources of a pool's runtimes", () => {
  const table: [string, Resources, Given | undefined, Resources][] = [
    ["are the environment's when the pool has none", { limits, requests }, undefined, { limits, requests }],
    ["have no requests when nobody sets any", { limits }, {}, { limits }],
    [
      "are overridden field by field",
      { limits, requests },
      { limits: { memory: "2Gi" }, requests: { memory: "1Gi" } },
      { limits: { cpu: "1", memory: "2Gi" }, requests: { cpu: "100m", memory: "1Gi" } },
    ],
    [
      "take what only the pool sets",
      { limits },
      { limits: { "nvidia.com/gpu": "1" }, requests: { cpu: "2" } },
      { limits: { ...limits, "nvidia.com/gpu": "1" }, requests: { cpu: "2" } },
    ],
    [
      "request the GPUs that they are limited to, whoever sets either",
      { limits: { ...limits, "nvidia.com/gpu": "1" }, requests: { "nvidia.com/gpu": "1" } },
      { limits: { "nvidia.com/gpu": "2" } },
      { limits: { ...limits, "nvidia.com/gpu": "2" }, requests: { "nvidia.com/gpu": "2" } },
    ],
    [
      "are limited to the GPUs that they request when nobody sets a limit",
      { limits, requests: { "nvidia.com/gpu": "1" } },
      undefined,
      { limits: { ...limits, "nvidia.com/gpu": "1" }, requests: { "nvidia.com/gpu": "1" } },
    ],
  ];
  it.each(table)("%s", (_, environment, pool, expected) => {
    const { spec } = storedEnvironment({ resourcesRanges: { default: environment } });
    expect(resourcesOf(spec, pool ? { resources: pool } : {})).toEqual(expected);
  });
});
