import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ResolvedMatch } from "../backend.ts";
import { markOf, quoted, ruleText, type RuleContext } from "./rule-text.ts";
import { type Clause, parseRule } from "../../../test/parse-rule.ts";

const context: RuleContext = {
  hosts: ["example.com"],
  withPreflight: false,
  withoutChallenges: false,
  mark: "2001:db8::1",
};
const mark = "!ClientIP(`2001:db8::1`)";

function ruleOf(match: Partial<ResolvedMatch>, changes: Partial<RuleContext> = {}): string {
  return ruleText({ priority: 1, ...match }, { ...context, ...changes });
}

describe("the rule of a match", () => {
  it.each<[string, Partial<ResolvedMatch>, string]>([
    ["takes any path without one", {}, ""],
    ["takes any path below /", { path: { type: "Prefix", value: "/" } }, ""],
    [
      "takes a prefix by whole segments",
      { path: { type: "Prefix", value: "/rt1" } },
      "(Path(`/rt1`) || PathPrefix(`/rt1/`))",
    ],
    [
      "takes a prefix with a slash at its end as one without",
      { path: { value: "/rt1/" } },
      "(Path(`/rt1`) || PathPrefix(`/rt1/`))",
    ],
    ["takes an exact path", { path: { type: "Exact", value: "/a/" } }, "Path(`/a/`)"],
    [
      "holds an expression to the whole path",
      { path: { type: "Regex", value: "/a|/b" } },
      "PathRegexp(`^(?:/a|/b)$`)",
    ],
    ["takes one method", { methods: ["GET"] }, "Method(`GET`)"],
    ["takes any of several methods", { methods: ["GET", "PUT"] }, "(Method(`GET`) || Method(`PUT`))"],
    [
      "asks for every header",
      {
        headers: [
          { name: "X-A", type: "Exact", value: "1" },
          { name: "X-B", type: "Regex", value: "[0-9]+" },
        ],
      },
      "Header(`X-A`, `1`) && HeaderRegexp(`X-B`, `^(?:[0-9]+)$`)",
    ],
    [
      "asks for every parameter",
      {
        query: [
          { name: "a", value: "1" },
          { name: "b", type: "Regex", value: "x.*" },
        ],
      },
      "Query(`a`, `1`) && QueryRegexp(`b`, `^(?:x.*)$`)",
    ],
  ])("%s", (_, match, clauses) => {
    const all = ["Host(`example.com`)", clauses, mark].filter((clause) => clause !== "");
    expect(ruleOf(match)).toBe(all.join(" && "));
  });

  it("takes any of the hosts, and one label in place of a wildcard", () => {
    expect(ruleOf({}, { hosts: ["a.com", "*.b.com"] })).toBe(
      `(Host(\`a.com\`) || Host(\`*.b.com\`)) && ${mark}`,
    );
  });

  it("lets a browser ask before a method that is not OPTIONS", () => {
    expect(ruleOf({ methods: ["PUT"] }, { withPreflight: true })).toContain(
      "(Method(`PUT`) || (Method(`OPTIONS`) && HeaderRegexp(`Origin`, `.`) && HeaderRegexp(`Access-Control-Request-Method`, `.`)))",
    );
  });

  it.each([
    ["/", true],
    ["/.well-known", true],
    ["/.well-known/acme-challenge", true],
    ["/app", false],
    ["/.well-known/acme", false],
  ])("leaves challenges of certificate authorities alone below %s: %s", (value, isLeft) => {
    const rule = ruleOf({ path: { type: "Prefix", value } }, { withoutChallenges: true });
    expect(rule.includes("!PathPrefix(`/.well-known/acme-challenge/`)")).toBe(isLeft);
  });
});

it("shows the hash of a configuration as an address that no client has", () => {
  expect(markOf("0123456789abcdef0123456789abcdef")).toBe("2001:db8:0123:4567:89ab:cdef:0123:4567");
});

describe("a text of a user", () => {
  // Printable, and what could end a string or start another expression, more often than chance would bring it.
  const text = fc.string({
    unit: fc.oneof(
      fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
      fc.constantFrom("`", '"', "'", "\\", "{", "}", "(", ")", "|", "&", "!", ",", " ", "\n", "\0", "é"),
    ),
    minLength: 0,
    maxLength: 12,
  });

  it("comes out of a rule as it went in, or is refused", () => {
    fc.assert(
      fc.property(text, text, text, (host, path, value) => {
        const match: ResolvedMatch = {
          priority: 1,
          path: { type: "Exact", value: path },
          headers: [{ name: "X-A", type: "Exact", value }],
        };
        const isHarmless = [host, path, value].every((each) => /^[ !#-&(-[\]-_a-z|~]+$/.test(each));
        if (!isHarmless) {
          expect(() => ruleText(match, { ...context, hosts: [host] })).toThrow(RangeError);
          return;
        }
        const expected: Clause = {
          and: [
            { matcher: "Host", texts: [host] },
            { matcher: "Path", texts: [path] },
            { matcher: "Header", texts: ["X-A", value] },
            { not: { matcher: "ClientIP", texts: [context.mark] } },
          ],
        };
        expect(parseRule(ruleText(match, { ...context, hosts: [host] }))).toEqual(expected);
      }),
      { numRuns: 2_000 },
    );
  });

  it.each(["`", '"', "'", "\\", "{", "}", "\n", "\0", "\u007f", "é", ""])("never is %j", (bad) => {
    expect(() => quoted(`${bad === "" ? "" : "a"}${bad}`)).toThrow(RangeError);
  });
});
