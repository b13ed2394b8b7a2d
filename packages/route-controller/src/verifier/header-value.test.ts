import { describe, expect, it } from "vitest";
import { claimValue } from "./header-value.ts";

describe("a claim as a header", () => {
  it.each([
    ["a text", "user-1", "user-1"],
    ["other letters, percent-encoded", "Zoë 日本", "Zo%C3%AB %E6%97%A5%E6%9C%AC"],
    ["line breaks, which would begin another header", "a\r\nX-Admin: yes", "a%0D%0AX-Admin: yes"],
    ["a percent sign, so that it is no encoding", "100%41", "100%2541"],
    ["half a character", "a\ud800", "a%EF%BF%BD"],
    ["a number", 7, "7"],
    ["a truth", false, "false"],
    ["a list, whose items hold no commas", ["a,b", 1], "a%2Cb,1"],
    ["an empty list", [], ""],
  ])("is %s", (_what, claim, expected) => {
    expect(claimValue(claim)).toBe(expected);
  });

  it.each([
    ["nothing", undefined],
    ["null", null],
    ["an object", { a: 1 }],
    ["a list of lists", [["a"]]],
    ["spaces at an end, which get lost", " admin"],
    ["more than 2,048 characters", "a".repeat(2_049)],
    ["more than 2,048 characters when encoded", "ë".repeat(400)],
  ])("is left out when it is %s", (_what, claim) => {
    expect(claimValue(claim)).toBeUndefined();
  });
});
