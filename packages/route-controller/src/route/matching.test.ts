import type { RouteMatch } from "@datalayer/shared/crds/route";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { claimKeyOf, collide, highestPriority, pathOf, priorityOf } from "./matching.ts";

const exact = (value: string): RouteMatch => ({ path: { type: "Exact", value } });
const prefix = (value: string): RouteMatch => ({ path: { value } });
const regex = (value: string): RouteMatch => ({ path: { type: "Regex", value } });
const header = (name: string, value: string) => ({ name, value });

describe("of two matches that fit a request, the one goes first that", () => {
  it.each<[string, RouteMatch, RouteMatch]>([
    ["names the whole path", exact("/a"), prefix("/a/b/c")],
    ["has the longer prefix", prefix("/a/b"), prefix("/a")],
    ["has any prefix, where the other has none", prefix("/a"), {}],
    ["begins with more, as an expression", regex("/api/v[0-9]+"), prefix("/api")],
    ["begins with less than the prefix of the other", prefix("/api/v1"), regex("/api/.*")],
    [
      "names methods",
      { ...prefix("/a"), methods: ["GET"] },
      { ...prefix("/a"), headers: [header("A", "1")] },
    ],
    [
      "names more headers",
      { ...prefix("/a"), headers: [header("A", "1")] },
      { ...prefix("/a"), query: [header("a", "1"), header("b", "1")] },
    ],
    ["names more parameters", { ...prefix("/a"), query: [header("a", "1")] }, prefix("/a")],
  ])("%s", (_, first, second) => {
    expect(priorityOf(first, 255)).toBeGreaterThan(priorityOf(second, 0));
  });

  it("stands first in the Route, where neither says more", () => {
    expect(priorityOf(prefix("/a"), 0)).toBeGreaterThan(priorityOf(prefix("/a"), 1));
  });
});

it("a slash at the end of a prefix says nothing", () => {
  expect(pathOf(prefix("/a/"))).toEqual(pathOf(prefix("/a")));
  expect(pathOf(prefix("/"))).toEqual(pathOf({}));
});

describe("two matches of the same path collide", () => {
  it.each<[string, RouteMatch, RouteMatch, boolean]>([
    ["when they are the same", {}, {}, true],
    [
      "when they ask for different headers",
      { headers: [header("A", "1")] },
      { headers: [header("B", "1")] },
      true,
    ],
    [
      "when a value is an expression",
      { headers: [header("A", "1")] },
      { headers: [{ ...header("A", "."), type: "Regex" }] },
      true,
    ],
    ["when they share a method", { methods: ["GET", "PUT"] }, { methods: ["GET"] }, true],
    [
      "not when they want different values",
      { headers: [header("A", "1")] },
      { headers: [header("a", "2")] },
      false,
    ],
    ["not when they share no method", { methods: ["GET"] }, { methods: ["PUT"] }, false],
    ["not when one says more", { methods: ["GET"] }, {}, false],
    [
      "not when one path ends with a slash",
      { path: { type: "Exact", value: "/a" } },
      { path: { type: "Exact", value: "/a/" } },
      false,
    ],
    ["not when parameters differ", { query: [header("a", "1")] }, { query: [header("a", "2")] }, false],
  ])("%s", (_, one, other, expected) => {
    expect(collide(one, other)).toBe(expected);
    expect(collide(other, one)).toBe(expected);
  });
});

interface Request {
  path: string;
  method: string;
  headers: Record<string, string>;
}

function fits(match: RouteMatch, { path, method, headers }: Request): boolean {
  const { type, value } = pathOf(match);
  const below = value === "/" ? "/" : `${value}/`;
  const byPath = { Exact: path === value, Prefix: path === value || path.startsWith(below), Regex: false }[
    type
  ];
  const fitsPath = type === "Regex" ? new RegExp(`^(?:${value})$`).test(path) : byPath;
  return (
    fitsPath &&
    (!match.methods || match.methods.includes(method as never)) &&
    (match.headers ?? []).every((one) => headers[one.name] === one.value)
  );
}

const paths = ["/", "/a", "/a/", "/a/b", "/a/bc", "/b"];
const expressions = ["/.*", "/a/.*", "/a/b?c?", "/a|/b", "/a/[a-c]+", "/a/bc*"];
const anyMatch: fc.Arbitrary<RouteMatch> = fc.record(
  {
    path: fc.oneof(
      fc.record({
        type: fc.constantFrom("Exact" as const, "Prefix" as const),
        value: fc.constantFrom(...paths),
      }),
      fc.record({ type: fc.constant("Regex" as const), value: fc.constantFrom(...expressions) }),
    ),
    methods: fc.uniqueArray(fc.constantFrom("GET" as const, "PUT" as const), { minLength: 1 }),
    headers: fc.uniqueArray(
      fc.record({ name: fc.constantFrom("A", "B"), value: fc.constantFrom("1", "2") }),
      { selector: ({ name }) => name },
    ),
  },
  { requiredKeys: [] },
);
const anyRequest: fc.Arbitrary<Request> = fc.record({
  path: fc.constantFrom(...paths, "/a/b/c", "/a/c"),
  method: fc.constantFrom("GET", "PUT"),
  headers: fc.record({ A: fc.constantFrom("1", "2"), B: fc.constantFrom("1", "2") }),
});

it("it is always certain which of two Routes gets a request: one goes first, or one is refused", () => {
  fc.assert(
    fc.property(anyMatch, anyMatch, anyRequest, (one, other, request) => {
      fc.pre(fits(one, request) && fits(other, request));
      const keyOf = (match: RouteMatch): string => claimKeyOf({ host: "a.test", path: pathOf(match) });
      const isRefused = keyOf(one) === keyOf(other) && collide(one, other);
      expect(isRefused || priorityOf(one, 0) !== priorityOf(other, 0)).toBe(true);
      for (const match of [one, other]) expect(priorityOf(match, 0)).toBeLessThan(highestPriority);
    }),
    { numRuns: 2_000 },
  );
});
