import { spawnSync } from "node:child_process";
import type { HttpRoute, HttpRouteRule } from "@datalayer/shared/crds/gateway-api";
import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { importAll } from "./command.ts";
import { importHttpRoute } from "./import-http-route.ts";
import { parseHttpRoutes } from "./parse-http-routes.ts";

const auth = { none: {} };

function storedHttpRoute(spec: Partial<HttpRoute["spec"]> = {}): HttpRoute {
  return {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "HTTPRoute",
    metadata: {
      namespace: "team-a",
      name: "shop",
      uid: "u",
      resourceVersion: "1",
      creationTimestamp: "2026-01-01T00:00:00Z",
    },
    spec: {
      hostnames: ["shop.example.com"],
      rules: [{ backendRefs: [{ name: "shop", port: 80 }] }],
      ...spec,
    },
  };
}

const ruled = (rule: HttpRouteRule) =>
  storedHttpRoute({ rules: [{ backendRefs: [{ name: "shop", port: 80 }], ...rule }] });

const mirror = (requestMirror: object) => ({
  type: "RequestMirror",
  requestMirror: { backendRef: { name: "shadow", port: 80 }, ...requestMirror },
});

it("makes of all that a Route can do a Route of the same name", async () => {
  const imported = importHttpRoute(
    storedHttpRoute({
      rules: [
        {
          name: "api",
          matches: [
            {
              path: { type: "PathPrefix", value: "/api" },
              method: "POST",
              headers: [{ name: "X-Tier", value: "gold" }],
              queryParams: [{ type: "RegularExpression", name: "v", value: "[12]" }],
            },
            { path: { type: "Exact", value: "/cart" } },
          ],
          filters: [
            {
              type: "RequestHeaderModifier",
              requestHeaderModifier: { set: [{ name: "X-A", value: "1" }], remove: ["X-B"] },
            },
            { type: "ResponseHeaderModifier", responseHeaderModifier: { remove: ["Server"] } },
            {
              type: "URLRewrite",
              urlRewrite: { path: { type: "ReplaceFullPath", replaceFullPath: "/index" } },
            },
          ],
          backendRefs: [
            { name: "shop", port: 80, weight: 9 },
            { name: "next", port: 8080 },
          ],
        },
        {
          matches: [{ path: { type: "PathPrefix", value: "/old" } }],
          filters: [
            {
              type: "RequestRedirect",
              requestRedirect: {
                hostname: "new.example.com",
                path: { type: "ReplacePrefixMatch", replacePrefixMatch: "/new" },
                statusCode: 301,
              },
            },
          ],
        },
      ].map((rule) => rule as HttpRouteRule),
    }),
    { auth: { target: {} }, routeClassName: "public", tls: { secretName: "shop-tls" } },
  );
  if (!("route" in imported)) throw new Error(JSON.stringify(imported.unsupported));
  await expect(stringify(imported.route, { lineWidth: 110 })).toMatchFileSnapshot(
    "testdata/full.golden.yaml",
  );
});

describe("what no Route can do is refused by its field", () => {
  it.each<[string, HttpRoute]>([
    ["spec.hostnames", storedHttpRoute({ hostnames: [] })],
    ["spec.hostnames[1]", storedHttpRoute({ hostnames: ["shop.example.com", "*.example.com"] })],
    [
      "spec.rules",
      storedHttpRoute({ rules: Array.from({ length: 33 }, () => storedHttpRoute().spec.rules![0]!) }),
    ],
    [
      "spec.rules[0].matches",
      ruled({ matches: Array.from({ length: 9 }, (_, index) => ({ path: { value: `/${index}` } })) }),
    ],
    ["spec.rules[0].matches[0].method", ruled({ matches: [{ method: "TRACE" }] })],
    ["spec.rules[0].matches[0].path.type", ruled({ matches: [{ path: { type: "Other", value: "/" } }] })],
    ["spec.rules[0].timeouts", ruled({ timeouts: { request: "1s" } })],
    ["spec.rules[0].retry", ruled({ retry: { attempts: 1 } })],
    ["spec.rules[0].filters[0]", ruled({ filters: [{ type: "CORS" }] })],
    ["spec.rules[0].filters", ruled({ filters: [mirror({}), mirror({})] })],
    [
      "spec.rules[0].filters[0].fraction",
      ruled({ filters: [mirror({ fraction: { numerator: 1, denominator: 3 } })] }),
    ],
    ["spec.rules[0].filters[0].percent", ruled({ filters: [mirror({ percent: 0 })] })],
    [
      "spec.rules[0].filters[0].backendRef.port",
      ruled({ filters: [mirror({ backendRef: { name: "shadow" } })] }),
    ],
    [
      "spec.rules[0].filters[0].add",
      ruled({
        filters: [
          { type: "RequestHeaderModifier", requestHeaderModifier: { add: [{ name: "A", value: "1" }] } },
        ],
      }),
    ],
    [
      "spec.rules[0].filters[0].hostname",
      ruled({ filters: [{ type: "URLRewrite", urlRewrite: { hostname: "b" } }] }),
    ],
    ["spec.rules[0].backendRefs", ruled({ backendRefs: [] })],
    ["spec.rules[0].backendRefs", ruled({ backendRefs: [{ name: "a", port: 80, weight: 0 }] })],
    ["spec.rules[0].backendRefs[0].kind", ruled({ backendRefs: [{ kind: "Other", name: "a", port: 80 }] })],
    [
      "spec.rules[0].backendRefs[0].namespace",
      ruled({ backendRefs: [{ namespace: "b", name: "a", port: 80 }] }),
    ],
    ["spec.rules[0].backendRefs[0].port", ruled({ backendRefs: [{ name: "a" }] })],
    [
      "spec.rules[0].backendRefs[0].filters",
      ruled({ backendRefs: [{ name: "a", port: 80, filters: [{ type: "RequestHeaderModifier" }] }] }),
    ],
  ])("%s", (field, httpRoute) => {
    expect(importHttpRoute(httpRoute, { auth })).toEqual({
      unsupported: [expect.objectContaining({ field })],
    });
  });
});

it("takes the given hosts where the HTTPRoute is for all", () => {
  const imported = importHttpRoute(storedHttpRoute({ hostnames: [] }), { auth, hosts: ["a.example.com"] });
  expect(imported).toMatchObject({ route: { spec: { hosts: ["a.example.com"] } } });
});

it("takes a wildcard for one label where that is wanted", () => {
  const imported = importHttpRoute(storedHttpRoute({ hostnames: ["*.a.test"] }), {
    auth,
    withWildcards: true,
  });
  expect(imported).toMatchObject({ route: { spec: { hosts: ["*.a.test"] } } });
});

it.each<[object, object]>([
  [{}, { service: { name: "shadow" }, port: 80 }],
  [{ percent: 5 }, { service: { name: "shadow" }, port: 80, percent: 5 }],
  [{ fraction: { numerator: 1, denominator: 4 } }, { service: { name: "shadow" }, port: 80, percent: 25 }],
])("copies requests as a mirror with %j does", (given, made) => {
  const imported = importHttpRoute(ruled({ filters: [mirror(given)] }), { auth });
  expect(imported).toMatchObject({ route: { spec: { rules: [{ mirror: made }] } } });
});

describe("what is no HTTPRoute is refused by its field", () => {
  const withFilter = { ...storedHttpRoute(), spec: { rules: [{ filters: [{ type: "URLRewrite" }] }] } };
  it.each([
    ["", /expected HTTPRoutes as JSON: /],
    ["apiVersion: v1", /expected HTTPRoutes as JSON: /],
    ["null", /all of it: /],
    ['{"items":null}', /items: /],
    [
      '{"items":[{"kind":"HTTPRoute","metadata":{"name":"a"},"spec":{}},{"kind":"Pod"}]}',
      /items\[1\]\.kind: /,
    ],
    [JSON.stringify(withFilter), /spec\.rules\[0\]\.filters\[0\]\.urlRewrite: /],
  ])("%s", (given, message) => {
    expect(() => parseHttpRoutes(given)).toThrow(message);
  });
});

describe("the command", () => {
  function run(given: string) {
    const main = new URL("../main.ts", import.meta.url).pathname;
    const args = [main, "import", "--auth", "none"];
    return spawnSync(process.execPath, args, { input: given, encoding: "utf8" });
  }

  it("reads HTTPRoutes from standard input", () => {
    const { status, stdout } = run(JSON.stringify({ items: [storedHttpRoute()] }));
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ kind: "List", items: [{ kind: "Route" }] });
  });

  it("says in a line what cannot be read", () => {
    const { status, stdout, stderr } = run("null");
    expect({ status, stdout, lines: stderr.trim().split("\n").length }).toEqual({
      status: 2,
      stdout: "",
      lines: 1,
    });
    expect(stderr).toMatch(/^standard input: expected HTTPRoutes as JSON; all of it: /);
  });
});

it("makes large weights smaller together, and lets none of them vanish", () => {
  const backendRefs = [1_000_000, 500_000, 1, 0].map((weight, index) => ({
    name: `s${index}`,
    port: 80,
    weight,
  }));
  const imported = importHttpRoute(ruled({ backendRefs }), { auth });
  expect(imported).toMatchObject({
    route: {
      spec: { rules: [{ targets: [{ weight: 1000 }, { weight: 500 }, { weight: 1 }, { weight: 0 }] }] },
    },
  });
});

it("imports what can be, and complains of the rest", () => {
  const other = storedHttpRoute({ hostnames: [] });
  const { list, complaints } = importAll([storedHttpRoute(), other], { auth });
  expect(list.items).toHaveLength(1);
  expect(complaints).toEqual([
    "team-a/shop: spec.hostnames: a Route names its hosts, and is never for all of them",
  ]);
});
