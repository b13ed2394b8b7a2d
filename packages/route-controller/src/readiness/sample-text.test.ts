import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sampleOf } from "./sample-text.ts";

const anything = (): boolean => true;

describe("a text that an expression finds", () => {
  it.each([
    ["/items/[0-9]+", "/items/0"],
    ["/a/.*", "/a/"],
    ["/(one|two)/x", "/one/x"],
    ["/v[12]/.+", "/v1/a"],
    ["/[^a/]", "/0"],
    ["/[^/]+/edit", "/a/edit"],
    ["/maybe(/more)?", "/maybe"],
    ["^/begin$", "/begin"],
    ["/a?b", "/b"],
  ])("is made up for %s", (expression, text) => {
    expect(sampleOf(expression, anything)).toBe(text);
  });

  it("has what may be left out where it has to be something else as well", () => {
    const isPath = (text: string): boolean => !text.includes("//");
    expect(sampleOf("/[a-z]*/x", isPath)).toBe("/a/x");
    expect(sampleOf("//", isPath)).toBeUndefined();
  });

  it.each(["/(", "/[[:alpha:]]x[^\\s\\S]", "/a$b", "/(?i)a"])("is not made up for %s", (expression) => {
    expect(sampleOf(expression, anything)).toBeUndefined();
  });

  it("is found, whatever the expression of a Route", () => {
    const part = fc.oneof(
      fc.constantFrom("a", "b-c", ".", "/", "[0-9]", "[^/x]", "(x|y)", "(z)"),
      fc.constantFrom("a+", "b?", ".*", "[0-9]+", "(x|)"),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
        const expression = `/${parts.join("")}`;
        const text = sampleOf(expression, anything);
        expect(text).toMatch(new RegExp(`^(?:${expression})$`));
      }),
    );
  });
});
