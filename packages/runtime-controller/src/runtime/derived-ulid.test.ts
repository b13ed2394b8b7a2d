import { describe, expect, it } from "vitest";
import { derivedUlid } from "./derived-ulid.ts";

describe("a derived ULID", () => {
  it("has the form of any other", () => {
    for (let index = 0; index < 200; index++) {
      expect(derivedUlid("n", String(index))).toMatch(/^[0-7][0-9a-hjkmnp-tv-z]{25}$/);
    }
  });

  it("is the same for the same parts, and for no others", () => {
    expect(derivedUlid("a", "b")).toBe(derivedUlid("a", "b"));
    const others = [
      derivedUlid("a", "b"),
      derivedUlid("ab"),
      derivedUlid("b", "a"),
      derivedUlid("a", "b", ""),
    ];
    expect(new Set(others).size).toBe(others.length);
  });
});
