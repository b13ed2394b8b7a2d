import type { HttpRoute, HttpRouteRule } from "@datalayer/shared/crds/gateway-api";
import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { importAll } from "./command.ts";
import { importHttpRoute } from "./import-http-route.ts";

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
    ["spec.rules[0].filters[0]", ruled({ filters: [{ type: "RequestMirror" }] })],
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
