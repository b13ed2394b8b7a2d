import { describe, expect, it } from "vitest";
import { bytesOf, quantityOf } from "./quantity.ts";

describe("a number of bytes", () => {
  it.each([
    [10 * 2 ** 30, "10Gi"],
    [1536 * 2 ** 20, "1536Mi"],
    [1000, "1000"],
    [2 ** 50, "1Pi"],
  ])("%d is written as %s, and read back", (bytes, text) => {
    expect(quantityOf(bytes)).toBe(text);
    expect(bytesOf(text)).toBe(bytes);
  });

  it.each(["", "10 Gi", "-1Gi", "much"])("is not read from %j", (text) => {
    expect(bytesOf(text)).toBeUndefined();
  });
});
