import { describe, expect, it } from "vitest";
import { poissonArrivals, seededRandom } from "./arrivals.ts";

const options = { perSecond: 20, seconds: 600 };

function gapsOf(arrivals: readonly number[]): number[] {
  return arrivals.map((atMs, index) => atMs - (arrivals[index - 1] ?? 0));
}

describe("Poisson arrivals", () => {
  const arrivals = poissonArrivals({ ...options, random: seededRandom(1) });

  it("come in order, within the time", () => {
    expect(gapsOf(arrivals).every((gapMs) => gapMs >= 0)).toBe(true);
    expect(arrivals.at(-1)).toBeLessThan(600_000);
  });

  it("come at the rate asked for", () => {
    // 12,000 expected with a deviation of 110: five of these either way.
    expect(Math.abs(arrivals.length - 12_000)).toBeLessThan(550);
  });

  it("have gaps that are exponential: 63 % shorter than the mean, 5 % longer than three means", () => {
    const gaps = gapsOf(arrivals);
    const share = (test: (gapMs: number) => boolean): number => gaps.filter(test).length / gaps.length;
    expect(share((gapMs) => gapMs < 50)).toBeCloseTo(1 - Math.exp(-1), 1);
    expect(share((gapMs) => gapMs > 150)).toBeCloseTo(Math.exp(-3), 1);
  });

  it("are the same for the same seed, and others for another", () => {
    expect(poissonArrivals({ ...options, random: seededRandom(1) })).toEqual(arrivals);
    expect(poissonArrivals({ ...options, random: seededRandom(2) })).not.toEqual(arrivals);
  });

  it("end even where the random number is 0", () => {
    const numbers = [0, 0.5, 0.999].values();
    const few = poissonArrivals({ perSecond: 1, seconds: 2, random: () => numbers.next().value ?? 0.9 });
    expect(few).toEqual([0, expect.closeTo(693, 0)]);
  });
});
