import { describe, expect, it } from "vitest";
import { lineProgress, silentProgress } from "../progress/progress.ts";
import { chooseNodes } from "./choose-nodes.ts";

describe("where a real node is not possible", () => {
  it("is refused in one sentence with what to do", () => {
    expect(() => chooseNodes("real", "it needs root", silentProgress)).toThrow(
      "A real node is not possible here: it needs root. Use --nodes kwok for fake ones.",
    );
  });

  it("is replaced by kwok for auto, which is told", () => {
    const lines: string[] = [];
    const progress = lineProgress((line) => lines.push(line));
    expect(chooseNodes("auto", "it needs root", progress)).toBe("kwok");
    expect(lines).toEqual(["No real node here (it needs root): kwok plays the nodes instead."]);
  });

  it.each(["kwok", "none"] as const)("makes no difference for %s", (asked) => {
    expect(chooseNodes(asked, "it needs root", silentProgress)).toBe(asked);
  });
});

describe("where a real node is possible", () => {
  it.each([
    ["auto", "real"],
    ["real", "real"],
    ["kwok", "kwok"],
    ["none", "none"],
  ] as const)("%s gives %s", (asked, chosen) => {
    expect(chooseNodes(asked, undefined, silentProgress)).toBe(chosen);
  });
});
