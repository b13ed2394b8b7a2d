import type { RouteSpec } from "@datalayer/shared/crds/route";
import { describe, expect, it } from "vitest";
import { storedRoute } from "../../test/stored-route.ts";
import { type Claimant, claimantOf, type Conflict, conflictsOf } from "./conflicts.ts";
import { claimKeyOf, claimsOf } from "./matching.ts";

const [earlier, later] = ["2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z"];
const at = (value: string, type: "Exact" | "Prefix" = "Prefix"): RouteSpec["rules"] => [
  { matches: [{ path: { type, value } }], targets: [{ service: { name: "a" }, port: 80 }] },
];
const hosts = ["shared.test"];
type Match = NonNullable<RouteSpec["rules"][number]["matches"]>[number];
const asking = (more: Match): Partial<RouteSpec> => ({
  rules: [{ matches: [{ path: { value: "/a" }, ...more }], targets: [{ service: { name: "a" }, port: 80 }] }],
});

type Parts = { spec?: Partial<RouteSpec>; namespace?: string; name?: string; createdAt?: string };

function routeOf({ spec = {}, namespace = "team-a", name = "shop", createdAt = later }: Parts) {
  return storedRoute({ hosts, rules: at("/a"), ...spec }, { namespace, name, creationTimestamp: createdAt });
}

/** What the Route loses to the other one. */
function lostTo(other: Parts, mine: Parts = {}, changes: Partial<Claimant> = {}): Conflict[] {
  const rival = routeOf({ name: "rival", ...other });
  const keys = new Set(claimsOf(rival).map(claimKeyOf));
  return conflictsOf(routeOf(mine), (key) =>
    keys.has(key) ? [{ ...claimantOf(rival, key), ...changes }] : [],
  );
}

describe("a Route loses requests", () => {
  const lost = { host: "shared.test", path: "/a" };

  it.each<[string, Parts, Parts, Conflict[]]>([
    [
      "to an older one of its namespace, which is named",
      { createdAt: earlier },
      {},
      [{ ...lost, route: "rival" }],
    ],
    [
      "to an older one of another namespace, which is not",
      { namespace: "team-b", createdAt: earlier },
      {},
      [lost],
    ],
    ["to one of the same age that comes first by namespace", { namespace: "team" }, {}, [lost]],
    ["to one of the same age that comes first by name", { name: "a" }, {}, [{ ...lost, route: "a" }]],
    ["not to a younger one", {}, { createdAt: earlier }, []],
    ["not to one for another path", { createdAt: earlier, spec: { rules: at("/a/b") } }, {}, []],
    ["not to one for the exact path", { createdAt: earlier, spec: { rules: at("/a", "Exact") } }, {}, []],
    ["not to one for another host", { createdAt: earlier, spec: { hosts: ["b.test"] } }, {}, []],
    ["not to one for the hosts around it", { createdAt: earlier, spec: { hosts: ["*.test"] } }, {}, []],
  ])("%s", (_, other, mine, expected) => {
    expect(lostTo(other, mine)).toEqual(expected);
  });

  it.each<[string, Partial<RouteSpec>]>([
    ["a method", asking({ methods: ["GET"] })],
    ["a header", asking({ headers: [{ name: "X-A", value: "1" }] })],
    ["a parameter", asking({ query: [{ name: "a", value: "1" }] })],
    ["the exact path", { rules: at("/a", "Exact") }],
    ["an expression for what is below", asking({ path: { type: "Regex", value: "/a/.*" } })],
  ])("that another namespace asked for before, with %s more, but not those of its own", (_, spec) => {
    expect(lostTo({ createdAt: earlier }, { spec })).toEqual([]);
    const [conflict] = lostTo({ namespace: "team-b", createdAt: earlier }, { spec });
    expect(conflict).toEqual({ host: "shared.test", path: expect.stringMatching(/^\/a/) as string });
  });

  it("to nobody who has lost them to its own namespace", () => {
    const ofOwn = routeOf({
      name: "first",
      createdAt: "2025-12-31T00:00:00Z",
      spec: asking({ methods: ["GET"] }),
    });
    const ofOther = routeOf({ namespace: "team-b", createdAt: earlier });
    const mine = routeOf({ spec: asking({ methods: ["PUT"] }) });
    expect(conflictsOf(mine, (key) => [ofOther, ofOwn].map((route) => claimantOf(route, key)))).toEqual([]);
  });

  it("to what is not a Route, of which no name is told", () => {
    expect(lostTo({ createdAt: earlier }, {}, { isRoute: false })).toEqual([lost]);
  });

  it("never to itself", () => {
    const route = routeOf({});
    expect(conflictsOf(route, (key) => [{ ...claimantOf(route, key), creationTimestamp: earlier }])).toEqual(
      [],
    );
  });

  it("host by host", () => {
    const spec = { hosts: ["a.test", "b.test", "c.test"] };
    const conflicts = lostTo({ createdAt: earlier, spec: { hosts: ["b.test", "c.test"] } }, { spec });
    expect(conflicts.map(({ host }) => host)).toEqual(["b.test", "c.test"]);
  });
});
