import { describe, expect, it } from "vitest";
import { BoundedLog } from "./bounded-log.ts";

function textOf(lines: readonly string[], bounds = { head: 20, tail: 20 }): string {
  const log = new BoundedLog(bounds);
  for (const line of lines) log.add(line);
  return log.text();
}

describe("a bounded log", () => {
  it("is empty when nothing was written", () => expect(textOf([])).toBe(""));

  it("has every line of a short one", () => expect(textOf(["one", "", "three"])).toBe("one\n\nthree\n"));

  it("has the beginning and the end of a long one, and says what is missing", () => {
    const lines = Array.from({ length: 100 }, (_, index) => `line ${String(index).padStart(2, "0")}`);
    expect(textOf(lines)).toBe("line 00\nline 01\n[96 lines are left out here]\nline 98\nline 99\n");
  });

  it("keeps the order where a short line would still have its place in the beginning", () => {
    expect(textOf(["a".repeat(15), "b".repeat(10), "c"])).toBe(`${"a".repeat(15)}\n${"b".repeat(10)}\nc\n`);
  });

  it("cuts lines that have no end", () => {
    const text = textOf(["x".repeat(1_000_000)], { head: 100_000, tail: 0 });
    expect(text).toMatch(/^x{16384} \[cut\]\n$/);
  });

  it("leaves out even the last line where it is longer than what is kept", () => {
    expect(textOf(["a".repeat(30)])).toBe("[1 lines are left out here]\n");
  });
});
