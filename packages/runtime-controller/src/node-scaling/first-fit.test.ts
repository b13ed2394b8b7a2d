import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Amounts, amountsOf, fitsIn, less, sumOf } from "./amounts.ts";
import { firstFit, nodesFor } from "./first-fit.ts";

const cores = (cpu: number): Amounts => ({ cpu });

describe("amounts", () => {
  it("are read as Kubernetes writes them", () => {
    expect(amountsOf({ cpu: "250m", memory: "1Gi", "nvidia.com/gpu": "2", odd: "much" })).toEqual({
      cpu: 0.25,
      memory: 2 ** 30,
      "nvidia.com/gpu": 2,
      odd: 0,
    });
  });

  it("fit where there is as much of each", () => {
    expect(fitsIn({ cpu: 1, memory: 5 }, { cpu: 1, memory: 5 })).toBe(true);
    expect(fitsIn({ cpu: 1, gpu: 1 }, { cpu: 8 })).toBe(false);
    expect(fitsIn({ cpu: 0.3 }, less(cores(0.4), cores(0.1)))).toBe(true);
  });
});

describe("loads", () => {
  it("are put on the first node with room, the largest first", () => {
    expect(firstFit([cores(1), cores(3)], [cores(3), cores(2)])).toEqual({
      left: [],
      free: [cores(0), cores(1)],
    });
  });

  it("are left over where there is no room", () => {
    expect(firstFit([cores(2), cores(2)], [cores(3)]).left).toEqual([cores(2)]);
  });

  it("take as many nodes as they need", () => {
    expect(nodesFor([cores(2), cores(2), cores(2), cores(1)], cores(4))).toEqual({
      count: 2,
      free: [cores(0), cores(1)],
    });
  });

  it("that are larger than a node take none", () => {
    expect(nodesFor([cores(5)], cores(4)).count).toBe(0);
  });

  it("never take more room than there is, and none is lost", () => {
    const load = fc.record({ cpu: fc.integer({ min: 1, max: 8 }), memory: fc.integer({ min: 1, max: 8 }) });
    fc.assert(
      fc.property(fc.array(load), fc.array(load), (loads, nodes) => {
        const { left, free } = firstFit(loads, nodes);
        for (const room of free)
          for (const amount of Object.values(room)) expect(amount).toBeGreaterThanOrEqual(0);
        expect(sumOf([...free, ...loads])).toEqual(sumOf([...nodes, ...left]));
      }),
    );
  });
});
