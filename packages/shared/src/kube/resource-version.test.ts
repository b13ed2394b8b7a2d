import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hasReached, isOrdered, later } from "./resource-version.ts";

describe("resource versions", () => {
  it("are ordered as integers of any length", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n }), fc.bigInt({ min: 0n }), (a, b) => {
        expect(hasReached(a.toString(), b.toString())).toBe(a >= b);
      }),
    );
  });

  it.each([
    ["9", "10", "10"],
    ["10", "9", "10"],
    ["10", "abc", "abc"],
    ["abc", "9", "9"],
  ])("of a watch that was at %s go to the later one after an event at %s", (seen, next, expected) => {
    expect(later(seen, next)).toBe(expected);
  });

  it.each(["", "abc", "1a", "01", "-1", "1.5"])("have no order when written as %j", (text) => {
    expect(isOrdered(text)).toBe(false);
  });
});
