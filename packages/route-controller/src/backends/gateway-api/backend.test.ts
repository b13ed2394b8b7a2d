import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { resolvedMatch, resolvedRoute, resolvedRule, resolvedTarget } from "../../../test/resolved-route.ts";
import { storedRouteClass } from "../../../test/resolved-route.ts";
import type { ResolvedAuth, ResolvedRoute, ResolvedRule } from "../backend.ts";
import { gatewayApiBackend } from "./backend.ts";
import type { GatewayApiCapabilities } from "./capabilities.ts";

const gateway = { namespace: "infra", name: "public" };
const routeClass = storedRouteClass({ backend: "gateway-api", gateway });
const listeners = [
  { name: "http", protocol: "HTTP", certificates: [] },
  { name: "https", protocol: "HTTPS", hostname: "*.example.com", certificates: ["team-a/shop-tls"] },
];

/** One that can do all that has a name. */
const able: GatewayApiCapabilities = {
  listeners,
  features: new Set([
    "HTTPRouteMethodMatching",
    "HTTPRouteQueryParamMatching",
    "HTTPRouteResponseHeaderModification",
    "HTTPRoutePathRewrite",
    "HTTPRoutePathRedirect",
    "HTTPRoutePortRedirect",
    "HTTPRouteSchemeRedirect",
    "HTTPRoute303RedirectStatusCode",
    "HTTPRoute307RedirectStatusCode",
    "HTTPRoute308RedirectStatusCode",
    "HTTPRouteRequestMirror",
    "HTTPRouteRequestPercentageMirror",
    "HTTPRouteCORS",
    "HTTPRouteRequestTimeout",
    "HTTPRouteRetryConnectionError",
    "HTTPRouteRetryBackoff",
    "PathRegularExpression",
    "HeaderRegularExpression",
    "QueryRegularExpression",
    "PathPrecedence",
  ]),
};
const bare: GatewayApiCapabilities = { listeners, features: new Set() };

const ruleRoute = (rule: Partial<ResolvedRule>) => resolvedRoute({ rules: [resolvedRule(rule)] });
const matchRoute = (...matches: Partial<ResolvedRule["matches"][number]>[]) =>
  ruleRoute({ matches: matches.map((match) => resolvedMatch(match)) });
const policyRoute = (policy: ResolvedRoute["policy"]) => resolvedRoute({ policy });
const redirectRoute = (redirect: ResolvedRule["redirect"], match = {}) =>
  ruleRoute({ targets: [], redirect, matches: [resolvedMatch(match)] });

const prefix = { path: { type: "Prefix", value: "/api" } } as const;

/** What the Gateway API has a field for, and what each needs: nothing where every implementation has it. */
const expressible: [name: string, route: ResolvedRoute, needs?: string][] = [
  ["hosts", resolvedRoute({ hosts: ["shop.example.com", "www.shop.example.com"] })],
  ["path-exact", matchRoute({ path: { type: "Exact", value: "/cart" } })],
  ["path-prefix", matchRoute(prefix)],
  [
    "path-regex",
    matchRoute({ path: { type: "Regex", value: "/v[0-9]+" } }),
    "spec.rules[0].matches[0].path.type",
  ],
  ["methods", matchRoute({ ...prefix, methods: ["GET", "POST"] }), "spec.rules[0].matches[0].methods"],
  ["headers", matchRoute({ headers: [{ name: "X-Tier", value: "gold" }] })],
  [
    "headers-regex",
    matchRoute({ headers: [{ name: "X-Tier", type: "Regex", value: "g.*" }] }),
    "spec.rules[0].matches[0].headers",
  ],
  ["query", matchRoute({ query: [{ name: "beta", value: "1" }] }), "spec.rules[0].matches[0].query"],
  [
    "query-regex",
    matchRoute({ query: [{ name: "beta", type: "Regex", value: "[12]" }] }),
    "spec.rules[0].matches[0].query",
  ],
  [
    "weights",
    ruleRoute({
      targets: [resolvedTarget({ weight: 9 }), resolvedTarget({ service: { name: "next", port: 8080 } })],
    }),
  ],
  ["rewrite-path", ruleRoute({ rewrite: { path: "/index" } }), "spec.rules[0].rewrite"],
  [
    "rewrite-prefix",
    ruleRoute({
      rewrite: { prefix: "/" },
      matches: [
        resolvedMatch(prefix),
        resolvedMatch({ path: { type: "Prefix", value: "/rest" }, methods: ["GET", "HEAD"] }),
      ],
    }),
    "spec.rules[0].rewrite",
  ],
  ["redirect-host", redirectRoute({ host: "new.example.com", statusCode: 301 })],
  ["redirect-scheme", redirectRoute({ scheme: "https" }), "spec.rules[0].redirect.scheme"],
  ["redirect-port", redirectRoute({ port: 8443 }), "spec.rules[0].redirect.port"],
  ["redirect-path", redirectRoute({ path: "/moved" }), "spec.rules[0].redirect.path"],
  ["redirect-prefix", redirectRoute({ prefix: "/v2" }, prefix), "spec.rules[0].redirect.prefix"],
  ["redirect-303", redirectRoute({ host: "b", statusCode: 303 }), "spec.rules[0].redirect.statusCode"],
  ["redirect-307", redirectRoute({ host: "b", statusCode: 307 }), "spec.rules[0].redirect.statusCode"],
  ["redirect-308", redirectRoute({ host: "b", statusCode: 308 }), "spec.rules[0].redirect.statusCode"],
  [
    "headers-request",
    ruleRoute({ headers: { request: { set: [{ name: "X-A", value: "1" }], remove: ["X-B"] } } }),
  ],
  [
    "runtime-gateway",
    ruleRoute({
      pass: "5f0c7c1e/3",
      headers: { request: { set: [{ name: "x-datalayer-route", value: "forged/1" }], remove: ["X-B"] } },
    }),
  ],
  [
    "headers-response",
    ruleRoute({ headers: { response: { set: [{ name: "X-A", value: "1" }], remove: ["Server"] } } }),
    "spec.rules[0].headers.response",
  ],
  [
    "mirror",
    ruleRoute({ mirror: { service: { name: "shadow", port: 80 }, percent: 100 } }),
    "spec.rules[0].mirror",
  ],
  [
    "mirror-percent",
    ruleRoute({ mirror: { service: { name: "shadow", port: 80 }, percent: 5 } }),
    "spec.rules[0].mirror.percent",
  ],
  [
    "cors",
    policyRoute({
      cors: {
        origins: ["https://app.example.com"],
        methods: ["GET", "PUT"],
        headers: ["X-Token"],
        exposeHeaders: ["ETag"],
        credentials: true,
        maxAgeSeconds: 600,
      },
    }),
    "spec.policy.cors",
  ],
  ["timeout-request", policyRoute({ timeouts: { request: "30s" } }), "spec.policy.timeouts.request"],
  [
    "retry",
    policyRoute({ retry: { attempts: 3, initialInterval: "100ms" } }),
    "spec.policy.retry.initialInterval",
  ],
];

const tls = { secretName: "shop-tls" };

describe("a Route that the Gateway API has fields for", () => {
  it.each(expressible)("is served: %s", async (name, route) => {
    const translation = gatewayApiBackend.translate(route, routeClass, able);
    if (!("objects" in translation)) throw new Error(JSON.stringify(translation.unsupported));
    expect(translation.degraded).toEqual([]);
    await expect(yamlOf(translation.objects)).toMatchFileSnapshot(`testdata/${name}.golden.yaml`);
  });

  it.each(expressible.flatMap(([name, route, needs]) => (needs ? [[name, route, needs] as const] : [])))(
    "is refused by a Gateway without the feature: %s",
    (_name, route, needs) => {
      expect(refusedFields(route, bare)).toContain(needs);
    },
  );

  it.each(expressible.flatMap(([name, route, needs]) => (needs ? [] : [[name, route] as const])))(
    "is served by every Gateway: %s",
    (_name, route) => {
      expect(refusedFields(route, bare)).toEqual([]);
    },
  );
});

describe("HTTPS", () => {
  it.each(["Redirect", "Deny", "Allow"] as const)(
    "is served where a listener has the certificate: %s",
    async (httpPolicy) => {
      const route = resolvedRoute({ tls: { ...tls, httpPolicy } });
      const translation = gatewayApiBackend.translate(route, routeClass, able);
      if (!("objects" in translation)) throw new Error(JSON.stringify(translation.unsupported));
      const file = `testdata/tls-${httpPolicy.toLowerCase()}.golden.yaml`;
      await expect(yamlOf(translation.objects)).toMatchFileSnapshot(file);
    },
  );

  it.each([
    ["another certificate", { name: "https", protocol: "HTTPS", certificates: ["team-b/shop-tls"] }],
    ["HTTP", { name: "http", protocol: "HTTP", certificates: ["team-a/shop-tls"] }],
    [
      "other hosts",
      { name: "https", protocol: "HTTPS", hostname: "*.example.org", certificates: ["team-a/shop-tls"] },
    ],
  ])("is refused where the only listener is for %s", (_what, listener) => {
    const route = resolvedRoute({ tls: { ...tls, httpPolicy: "Allow" }, onUnsupported: "Degrade" });
    expect(refusedFields(route, { ...able, listeners: [listener] })).toEqual(["spec.tls"]);
  });

  it("is refused where HTTP cannot be redirected to it", () => {
    const route = resolvedRoute({ tls: { ...tls, httpPolicy: "Redirect" } });
    expect(refusedFields(route, bare)).toEqual(["spec.tls.httpPolicy"]);
  });

  it("needs no leave to use a certificate of the Gateway's own namespace", () => {
    const route = resolvedRoute({ namespace: "infra", tls: { ...tls, httpPolicy: "Deny" } });
    const own = [{ name: "https", protocol: "HTTPS", certificates: ["infra/shop-tls"] }];
    const translation = gatewayApiBackend.translate(route, routeClass, { ...able, listeners: own });
    expect(translation).toMatchObject({ objects: [{ kind: "HTTPRoute" }] });
  });
});

it("refuses hosts that no listener takes", () => {
  const other = [{ name: "http", protocol: "HTTP", hostname: "www.example.org", certificates: [] }];
  expect(refusedFields(resolvedRoute(), { ...able, listeners: other })).toEqual(["spec.hosts"]);
});

it("attaches to the listener that the class names", () => {
  const two = [...listeners, { name: "internal", protocol: "HTTP", certificates: [] }];
  const named = storedRouteClass({
    backend: "gateway-api",
    gateway: { ...gateway, listeners: { http: "internal" } },
  });
  const translation = gatewayApiBackend.translate(resolvedRoute(), named, { ...able, listeners: two });
  expect(translation).toMatchObject({ objects: [{ spec: { parentRefs: [{ sectionName: "internal" }] } }] });
});

const auths: [string, ResolvedAuth][] = [
  ...(["forward", "platform", "jwt", "apiKey"] as const).map((field): [string, ResolvedAuth] => [
    `spec.auth.${field}`,
    { kind: "forward", field, url: "http://verifier/check", requestHeaders: [], responseHeaders: [] },
  ]),
  ["spec.auth.basic", { kind: "basic", secretName: "users" }],
  ["spec.auth.clientCert", { kind: "clientCert", caSecretName: "ca" }],
];

/** What protects, or says which requests go where: never left out. */
const essential: [string, ResolvedRoute][] = [
  ["spec.hosts[1]", resolvedRoute({ hosts: ["shop.example.com", "*.shop.example.com"] })],
  ...auths.map(([field, auth]): [string, ResolvedRoute] => [field, resolvedRoute({ auth })]),
  ["spec.policy.ipAllow", policyRoute({ ipAllow: ["10.0.0.0/8"] })],
  ["spec.policy.bodyLimit", policyRoute({ bodyLimit: { maxBytes: 1 } })],
  ["spec.rules[0].targets[0].protocol", ruleRoute({ targets: [resolvedTarget({ protocol: "https" })] })],
  [
    "spec.rules[0].targets[1].protocol",
    ruleRoute({
      targets: [resolvedTarget(), resolvedTarget({ protocol: "h2c" })],
    }),
  ],
];

/** What a Route may go without. */
const optional: [string, ResolvedRoute][] = [
  ["spec.policy.rateLimit", policyRoute({ rateLimit: { requests: 5 } })],
  ["spec.policy.timeouts.backend", policyRoute({ timeouts: { backend: "5s" } })],
  ["spec.policy.timeouts.idle", policyRoute({ timeouts: { idle: "5s" } })],
  ["spec.policy.timeouts.tunnel", policyRoute({ timeouts: { tunnel: "5s" } })],
  ["spec.policy.sticky", policyRoute({ sticky: {} })],
  ["spec.policy.compression", policyRoute({ compression: {} })],
  ["spec.policy.circuitBreaker", policyRoute({ circuitBreaker: { errorPercent: 50 } })],
];

describe("what the Gateway API has no field for", () => {
  it.each([...essential, ...optional])("is refused by name: %s", (field, route) => {
    expect(refusedFields(route, able)).toEqual([field]);
  });

  it.each(essential)("is refused also where the Route may degrade: %s", (field, route) => {
    expect(refusedFields({ ...route, onUnsupported: "Degrade" }, able)).toEqual([field]);
  });

  it.each(optional)("is left out where the Route may degrade, and named: %s", (field, route) => {
    const translation = gatewayApiBackend.translate({ ...route, onUnsupported: "Degrade" }, routeClass, able);
    const plain = gatewayApiBackend.translate(resolvedRoute(), routeClass, able);
    expect(translation).toMatchObject({ ...plain, degraded: [{ field }] });
  });
});

it.each(
  expressible.flatMap(([name, route, field]) =>
    /mirror|policy/.test(field ?? "") ? [[name, route, field] as const] : [],
  ),
)("leaves out what this Gateway cannot do where the Route may degrade: %s", (_name, route, field) => {
  const translation = gatewayApiBackend.translate({ ...route, onUnsupported: "Degrade" }, routeClass, bare);
  const plain = gatewayApiBackend.translate(resolvedRoute(), routeClass, bare);
  if (!("objects" in translation)) throw new Error(JSON.stringify(translation.unsupported));
  expect(translation.degraded.map((one) => one.field)).toContain(field);
  expect(translation).toMatchObject({ ...plain, degraded: translation.degraded });
});

it("retries at once where the Gateway cannot wait between attempts, and the Route may degrade", () => {
  const route = policyRoute({ retry: { attempts: 3, initialInterval: "100ms" } });
  const features = new Set([...able.features].filter((name) => name !== "HTTPRouteRetryBackoff"));
  const prompt = { ...able, features };
  expect(refusedFields(route, prompt)).toEqual(["spec.policy.retry.initialInterval"]);
  const translation = gatewayApiBackend.translate({ ...route, onUnsupported: "Degrade" }, routeClass, prompt);
  expect(translation).toMatchObject({ objects: [{ spec: { rules: [{ retry: { attempts: 3 } }] } }] });
  expect(JSON.stringify(translation)).not.toContain("backoff");
});

it("keeps requests of a match apart rather than give them up", () => {
  const route = matchRoute({ methods: ["DELETE"] });
  expect(refusedFields({ ...route, onUnsupported: "Degrade" }, bare)).toEqual([
    "spec.rules[0].matches[0].methods",
  ]);
});

it("makes as many HTTPRoutes as the rules need, in their order", () => {
  const methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] as const;
  const rules = Array.from({ length: 32 }, (_, rule) =>
    resolvedRule({
      name: `rule-${rule}`,
      matches: Array.from({ length: 8 }, (_each, match) =>
        resolvedMatch({ path: { type: "Exact", value: `/${rule}/${match}` }, methods: [...methods] }),
      ),
    }),
  );
  const translation = gatewayApiBackend.translate(resolvedRoute({ rules }), routeClass, able);
  if (!("objects" in translation)) throw new Error(JSON.stringify(translation.unsupported));
  const routes = translation.objects as unknown as {
    metadata: { name: string };
    spec: { rules: { matches: { path: { value: string } }[] }[] };
  }[];
  expect(routes.length).toBe(16);
  for (const { spec } of routes) expect(spec.rules.flatMap(({ matches }) => matches).length).toBe(112);
  const sorted = routes.toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  const firsts = sorted.flatMap(({ spec }) => spec.rules.map(({ matches }) => matches[0]?.path.value));
  expect(firsts).toEqual(rules.map((_, rule) => `/${rule}/0`));
});

function refusedFields(route: ResolvedRoute, capabilities: GatewayApiCapabilities): string[] {
  const translation = gatewayApiBackend.translate(route, routeClass, capabilities);
  return "unsupported" in translation ? translation.unsupported.map(({ field }) => field) : [];
}

function yamlOf(objects: readonly object[]): string {
  const options = { aliasDuplicateObjects: false, lineWidth: 110 };
  return objects.map((object) => stringify(object, options)).join("---\n");
}
