import crypto from "node:crypto";
import { afterEach, describe, expect, it, vi } from "vitest";

const compared = vi.hoisted(() => ({ lengths: [] as [number, number][] }));

// The real comparison runs; the test only watches what is compared.
vi.mock("node:crypto", async (original) => {
  const real = await original<typeof crypto>();
  const timingSafeEqual = (a: Uint8Array, b: Uint8Array) => {
    compared.lengths.push([a.byteLength, b.byteLength]);
    return real.timingSafeEqual(a, b);
  };
  return { ...real, timingSafeEqual };
});

const { isValidKey } = await import("./api-key.ts");

afterEach(() => void (compared.lengths.length = 0));

describe("comparing a key", () => {
  const keys = ["current-key", "previous-key"];

  it.each([
    ["the first key", "current-key", true],
    ["the second key", "previous-key", true],
    ["a wrong key of the same length", "current-kez", false],
    ["a very long key", "x".repeat(10_000), false],
    ["an empty key", "", false],
    ["no key", undefined, false],
    ["a doubled header", ["current-key", "current-key"], false],
  ])("compares every key in full for %s", (_what, given, expected) => {
    expect(isValidKey(given, keys)).toBe(expected);
    expect(compared.lengths).toEqual([
      [32, 32],
      [32, 32],
    ]);
  });

  it.each([undefined, ""])("admits nobody by an empty key (%j)", (given) => {
    expect(isValidKey(given, ["", "current-key"])).toBe(false);
    expect(isValidKey(given, [])).toBe(false);
  });
});
