import { describe, expect, it } from "vitest";
import { median, percentile, round, summarise } from "./summary.ts";

const oneToHundred = Array.from({ length: 100 }, (_, index) => 100 - index);

describe("a percentile", () => {
  it.each([
    [0, 1],
    [1, 1],
    [50, 50],
    [90, 90],
    [99, 99],
    [100, 100],
  ])("at %i of 1 to 100 is %i", (percent, expected) => {
    expect(percentile(oneToHundred, percent)).toBe(expected);
  });

  it("is a value that was measured, not one between two", () => {
    expect(percentile([10, 20], 50)).toBe(10);
    expect(percentile([10, 20], 51)).toBe(20);
  });

  it("sorts by number, and leaves its input alone", () => {
    const values = [9, 100, 20];
    expect(percentile(values, 100)).toBe(100);
    expect(values).toEqual([9, 100, 20]);
  });

  it("of nothing is nothing", () => {
    expect(percentile([], 50)).toBeUndefined();
    expect(() => median([])).toThrow("no values");
  });
});

describe("a summary", () => {
  it("gives count and percentiles", () => {
    expect(summarise(oneToHundred)).toEqual({ count: 100, p50: 50, p90: 90, p99: 99, max: 100 });
  });

  it("lets a request that was never answered spoil the percentiles it falls in, and no others", () => {
    const summary = summarise([...oneToHundred.slice(2), Infinity, Infinity]);
    expect(summary).toEqual({ count: 100, p50: 50, p90: 90, p99: null, max: null });
  });

  it("rounds to two decimals", () => {
    expect(round(1.23456)).toBe(1.23);
    expect(summarise([1 / 3])).toMatchObject({ p50: 0.33 });
  });
});
