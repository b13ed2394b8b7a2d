import { describe, expect, it } from "vitest";
import { preferredWaitSeconds } from "./prefer.ts";

describe("the preferred time to wait", () => {
  const cases: [string | undefined, number | undefined][] = [
    [undefined, undefined],
    ["", undefined],
    ["wait=10", 10],
    ['wait="10"', 10],
    ["Wait = 10", 10],
    ["respond-async, wait=10", 10],
    ["wait=10; foo=bar", 10],
    ["wait=10, wait=20", 10],
    ["wait, wait=20", undefined],
    ["wait=0", 0],
    ["wait=-1", undefined],
    ["wait=1.5", undefined],
    ["wait=1e3", undefined],
    ["wait=ten, wait=20", undefined],
    ["waiting=10", undefined],
    ["return=minimal", undefined],
    ["wait=99999999999", undefined],
  ];
  it.each(cases)("of %j is %j", (header, seconds) => {
    expect(preferredWaitSeconds(header)).toBe(seconds);
  });
});
