import { IngressRoute } from "@datalayer/shared/crds/traefik";
import { describe, expect, it } from "vitest";
import { storedRoute } from "../../test/stored-route.ts";
import { ruleText, markOf } from "../backends/traefik/rule-text.ts";
import { managedBy, ownedBy } from "../route/names.ts";
import type { ExpectedRouter } from "./expected-routers.ts";
import { isLeftoverBy, leftoverFor } from "./leftovers.ts";
import type { Router } from "./routers.ts";

const mark = markOf("0123456789abcdef01234567");
const objectName = `route-${"a".repeat(32)}`;

type Match = Parameters<typeof ruleText>[0];

function rule(match: Partial<Match> = {}, hosts = ["one.test"]): string {
  const context = { hosts, withPreflight: false, withoutChallenges: true, mark };
  return ruleText({ priority: 1, ...match }, context);
}

function router(state: Partial<Router> = {}): Router {
  return {
    name: `team-a_${objectName}_0`,
    isEnabled: true,
    errors: [],
    rule: rule(),
    priority: 5,
    entryPoints: ["web"],
    middlewares: [],
    hasTls: false,
    ...state,
  };
}

function expected(state: Partial<ExpectedRouter> = {}): ExpectedRouter {
  const names = ["team-a_other_0"];
  return {
    names,
    rule: rule(),
    priority: 5,
    entryPoints: ["web"],
    middlewares: [],
    hasTls: false,
    ...state,
  };
}

const prefix = (value: string): Match["path"] => ({ type: "Prefix", value });

describe("a router of our making", () => {
  const route = storedRoute({ hosts: ["one.test"] });
  const { namespace = "" } = route.metadata;
  const made: IngressRoute = {
    apiVersion: IngressRoute.apiVersion,
    kind: IngressRoute.kind,
    metadata: {
      namespace,
      name: objectName,
      uid: "1",
      resourceVersion: "1",
      creationTimestamp: "2026-01-01T00:00:00Z",
      labels: { [managedBy.label]: managedBy.value },
      ownerReferences: [ownedBy(route)],
    },
    spec: { routes: [] },
  };
  const ours = router({ name: `${namespace}_${objectName}_0` });

  function isLeftover(
    one: Router,
    {
      object,
      owner,
      namespaces = [namespace],
    }: { object?: IngressRoute; owner?: typeof route } & {
      namespaces?: readonly string[];
    },
  ): boolean {
    const routes = { get: () => owner };
    return isLeftoverBy({ routes, ingressRoutes: { get: () => object }, namespaces })(one);
  }

  it.each([
    ["has a Route behind it", ours, { object: made, owner: route }, false],
    ["is made of an object that is gone", ours, { owner: route }, true],
    [
      "is made of an object that goes",
      ours,
      {
        object: { ...made, metadata: { ...made.metadata, deletionTimestamp: "2026-01-01T00:00:00Z" } },
        owner: route,
      },
      true,
    ],
    ["is made of a Route that is gone", ours, { object: made }, true],
    [
      "is made of a Route that was made anew since",
      ours,
      { object: made, owner: { ...route, metadata: { ...route.metadata, uid: "another" } } },
      true,
    ],
    ["lies in a namespace that is not watched", ours, { namespaces: ["elsewhere"] }, false],
    ["is not of our making", { ...ours, rule: "Host(`one.test`)" }, {}, false],
    [
      "has the other name that Traefik can give it",
      { ...ours, name: `${namespace}-${objectName}-0f` },
      {},
      true,
    ],
  ] as const)("that %s is a leftover or not", (_, one, state, answer) => {
    expect(isLeftover(one, state)).toBe(answer);
  });
});

describe("a router that nothing is behind any more", () => {
  it.each([
    ["the same requests", router(), expected(), true],
    ["those of another host", router({ rule: rule({}, ["two.test"]) }), expected(), false],
    ["those of another entry point", router({ entryPoints: ["websecure"] }), expected(), false],
    ["those of a lower priority", router({ priority: 4 }), expected(), false],
    ["those of a higher priority", router({ priority: 6 }), expected(), true],
    [
      "those of a runtime with a longer name",
      router({ rule: rule({ path: prefix("/rt10") }) }),
      expected({ rule: rule({ path: prefix("/rt1") }) }),
      false,
    ],
    [
      "those below its path",
      router({ rule: rule({ path: prefix("/a") }) }),
      expected({ rule: rule({ path: { type: "Exact", value: "/a/b" } }) }),
      true,
    ],
    [
      "those of an expression",
      router({ rule: rule({ path: { type: "Regex", value: "/[ab]" } }) }),
      expected({ rule: rule({ path: prefix("/z") }) }),
      true,
    ],
  ])("may answer in place of a Route for %s, or not", (_, leftover, mine, answer) => {
    expect(leftoverFor([mine], [leftover])).toBe(answer ? leftover : undefined);
  });
});
