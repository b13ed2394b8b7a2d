import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hasReached, isOrdered } from "./resource-version.ts";

describe("resource versions", () => {
  it("are ordered as integers of any length", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n }), fc.bigInt({ min: 0n }), (a, b) => {
        expect(hasReached(a.toString(), b.toString())).toBe(a >= b);
      }),
    );
  });

  it.each(["", "abc", "1a", "01", "-1", "1.5"])("have no order when written as %j", (text) => {
    expect(isOrdered(text)).toBe(false);
  });
});
