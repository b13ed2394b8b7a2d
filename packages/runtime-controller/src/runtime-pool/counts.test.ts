import { describe, expect, it } from "vitest";
import { runtime, storedPool } from "../../test/pool-objects.ts";
import { countRuntimes, sizeOf } from "./counts.ts";

describe("the counts of a pool", () => {
  it("count by state, and paused ones as assigned", () => {
    const runtimes = [
      runtime("a"),
      runtime("b"),
      runtime("c", { state: "pending" }),
      runtime("d", { state: "assigned" }),
      runtime("e", { state: "paused" }),
    ];
    const counts = { desired: 3, available: 2, pending: 1, assigned: 2 };
    expect(countRuntimes(storedPool(), runtimes)).toEqual(counts);
  });

  it("leave out what is being deleted", () => {
    const runtimes = [
      runtime("a", { terminating: true }),
      runtime("b", { state: "assigned", terminating: true }),
    ];
    expect(countRuntimes(storedPool(), runtimes)).toMatchObject({ available: 0, assigned: 0 });
  });

  it.each([
    [undefined, 1],
    [0, 0],
    [7, 7],
  ])("take size %s as %i", (size, expected) => {
    expect(sizeOf(storedPool({ size }))).toBe(expected);
  });
});
