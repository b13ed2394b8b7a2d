import { makeCertificate } from "@datalayer/devcluster/testkit/certificate";
import { afterFile } from "@datalayer/devcluster/testkit/cluster";
import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { type TestTraefik, traefikPorts } from "@datalayer/devcluster/testkit/traefik";
import { Gateway, GatewayClass, HttpRoute, type HttpRouteMatch } from "@datalayer/shared/crds/gateway-api";
import type { RouteClass } from "@datalayer/shared/crds/route-class";
import { Secret } from "@datalayer/shared/kube/kinds";
import type { Manifest } from "@datalayer/shared/kube/object";
import { beforeAll, describe, expect, it } from "vitest";
import { type Answer, ask, openWebSocket, type Request } from "../../../test/client.ts";
import { startEcho } from "../../../test/echo.ts";
import { type Harness, startHarness } from "../../../test/harness.ts";
import { kindOf } from "@datalayer/shared/kube/testkit/chart";
import {
  resolvedMatch,
  resolvedRoute,
  resolvedRule,
  resolvedTarget,
  storedRouteClass,
} from "../../../test/resolved-route.ts";
import type { ResolvedRoute, ResolvedRule } from "../backend.ts";
import { gatewayApiBackend } from "./backend.ts";
import { type GatewayApiCapabilities, gatewayApiCapabilities, traefikFeatures } from "./capabilities.ts";

let harness: Harness;
let traefik: TestTraefik;
let capabilities: GatewayApiCapabilities;
let routeClass: RouteClass;

beforeAll(async () => {
  harness = await startHarness();
  const { admin, namespace, className } = harness;
  const [a, b] = await Promise.all([startEcho("a"), startEcho("b")]);
  await Promise.all([harness.serve("a", [a]), harness.serve("b", [b])]);
  const { cert, key } = await makeCertificate({ ip: a.address, name: "shop" });
  await admin.create(Secret, {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { namespace, name: "shop-tls" },
    type: "kubernetes.io/tls",
    stringData: { "tls.crt": cert, "tls.key": key },
  });
  [traefik] = (await harness.startTraefiks()) as [TestTraefik];
  const made = await admin.create(GatewayClass, {
    apiVersion: GatewayClass.apiVersion,
    kind: GatewayClass.kind,
    metadata: { name: className },
    spec: { controllerName: "traefik.io/gateway-controller" },
  });
  afterFile(async () => {
    await admin.delete(GatewayClass, { name: className }, { uid: made.metadata.uid });
  });
  const gateway = await admin.create(Gateway, gatewayManifest(namespace, className));
  const gatewayClass = await eventually(
    async () => {
      const found = await admin.get(GatewayClass, { name: className });
      return found.status?.supportedFeatures && found;
    },
    { timeoutMs: 40_000, message: "Traefik saying what its Gateways can do" },
  );
  capabilities = gatewayApiCapabilities(gatewayClass, gateway);
  routeClass = storedRouteClass(
    { backend: "gateway-api", gateway: { namespace, name: "public" } },
    className,
  );
});

function gatewayManifest(namespace: string, gatewayClassName: string): Manifest<Gateway> {
  const listeners = [
    { name: "http", port: traefikPorts.web, protocol: "HTTP" },
    {
      name: "https",
      port: traefikPorts.websecure,
      protocol: "HTTPS",
      tls: { certificateRefs: [{ name: "shop-tls" }] },
    },
  ];
  return {
    apiVersion: Gateway.apiVersion,
    kind: Gateway.kind,
    metadata: { namespace, name: "public" },
    spec: { gatewayClassName, listeners },
  };
}

/** Translates a Route for the Gateway as it is, and creates what comes of it. */
async function serve(name: string, parts: Partial<ResolvedRoute>): Promise<string> {
  const { admin, namespace } = harness;
  // The owner has to be there: the garbage collector would take the objects away.
  const { uid } = (await harness.createRoute(name)).metadata;
  const owner = { apiVersion: "datalayer.io/v1", kind: "Route", name, uid, controller: true };
  const host = `${name}.example.com`;
  const route = resolvedRoute({ namespace, name, uid, owner, hosts: [host], ...parts });
  const translation = gatewayApiBackend.translate(route, routeClass, capabilities);
  if (!("objects" in translation)) throw new Error(JSON.stringify(translation.unsupported));
  for (const object of translation.objects) await admin.create(kindOf(object), object);
  return host;
}

const to = (name: string) => [resolvedTarget({ service: { name, port: 80 } })];
const rule = (match: Partial<ResolvedRule["matches"][number]>, parts: Partial<ResolvedRule> = {}) =>
  resolvedRule({ matches: [resolvedMatch(match)], targets: to("a"), ...parts });
const prefix = (value: string) => ({ path: { type: "Prefix", value } }) as const;
const redirect = (parts: ResolvedRule["redirect"], match = {}) => [
  rule(match, { targets: [], redirect: parts }),
];

interface Check {
  path: string;
  request?: Request;
  /** What has to hold of the answer. */
  is: (answer: Answer) => unknown;
}

const from = (echo: string, path: string, request?: Request): Check => ({
  path,
  ...(request && { request }),
  is: ({ json }) => json?.echo === echo,
});
const refused = (path: string, request?: Request): Check => ({
  path,
  ...(request && { request }),
  is: ({ status }) => status === 404,
});
const leadsTo = (path: string, status: number, location: string | RegExp): Check => ({
  path,
  is: (answer) => answer.status === status && new RegExp(location).test(String(answer.headers["location"])),
});

type Case = [feature: keyof typeof traefikFeatures | "every Gateway", rules: ResolvedRule[], checks: Check[]];

const cases: Record<string, Case> = {
  "a prefix by whole segments": [
    "every Gateway",
    [rule(prefix("/api"))],
    [from("a", "/api"), from("a", "/api/x?y=1"), refused("/apix"), refused("/")],
  ],
  "an exact path": [
    "every Gateway",
    [rule({ path: { type: "Exact", value: "/cart" } })],
    [from("a", "/cart"), refused("/cart/x"), refused("/cart/")],
  ],
  "the longest prefix": [
    "every Gateway",
    [rule(prefix("/")), rule(prefix("/b"), { name: "b", targets: to("b") })],
    [from("a", "/"), from("b", "/b/c")],
  ],
  "a header": [
    "every Gateway",
    [rule({ headers: [{ name: "X-Tier", value: "gold" }] })],
    [
      from("a", "/", { headers: { "x-tier": "gold" } }),
      refused("/", { headers: { "x-tier": "golden" } }),
      refused("/"),
    ],
  ],
  "no requests to a target of weight 0": [
    "every Gateway",
    [
      rule(prefix("/"), {
        targets: [resolvedTarget({ service: { name: "b", port: 80 }, weight: 0 }), ...to("a")],
      }),
    ],
    Array.from({ length: 6 }, () => from("a", "/")),
  ],
  "changed headers of requests": [
    "every Gateway",
    [rule(prefix("/"), { headers: { request: { set: [{ name: "X-A", value: "1" }], remove: ["X-B"] } } })],
    [
      {
        path: "/",
        request: { headers: { "x-a": "0", "x-b": "0" } },
        is: ({ json }) => json?.headers["x-a"] === "1" && json.headers["x-b"] === undefined,
      },
    ],
  ],
  "another host": [
    "every Gateway",
    redirect({ host: "new.example.com", statusCode: 301 }),
    [leadsTo("/x", 301, "^http://new.example.com(:[0-9]+)?/x$")],
  ],
  "a method": [
    "HTTPRouteMethodMatching",
    [rule({ methods: ["POST", "PUT"] })],
    [from("a", "/", { method: "POST" }), from("a", "/", { method: "PUT" }), refused("/")],
  ],
  "a parameter": [
    "HTTPRouteQueryParamMatching",
    [rule({ query: [{ name: "beta", value: "1" }] })],
    [from("a", "/?beta=1"), refused("/?beta=2"), refused("/")],
  ],
  "a header like an expression": [
    "HeaderRegularExpression",
    [rule({ headers: [{ name: "X-Tier", type: "Regex", value: "g|gold" }] })],
    [from("a", "/", { headers: { "x-tier": "gold" } }), refused("/", { headers: { "x-tier": "golden" } })],
  ],
  "a parameter like an expression": [
    "QueryRegularExpression",
    [rule({ query: [{ name: "v", type: "Regex", value: "[12]" }] })],
    [from("a", "/?v=2"), refused("/?v=12")],
  ],
  "changed headers of answers": [
    "HTTPRouteResponseHeaderModification",
    [
      rule(prefix("/"), {
        headers: { response: { set: [{ name: "X-A", value: "1" }], remove: ["X-Echo"] } },
      }),
    ],
    [{ path: "/", is: ({ headers }) => headers["x-a"] === "1" && headers["x-echo"] === undefined }],
  ],
  "a replaced path and prefix": [
    "HTTPRoutePathRewrite",
    [
      rule(prefix("/api"), { rewrite: { prefix: "/" } }),
      rule(prefix("/all"), { name: "all", rewrite: { path: "/index" } }),
    ],
    [
      { path: "/api/x?y=1", is: ({ json }) => json?.url === "/x?y=1" },
      { path: "/all/x", is: ({ json }) => json?.url === "/index" },
    ],
  ],
  "another path": [
    "HTTPRoutePathRedirect",
    [
      ...redirect({ prefix: "/v2" }, prefix("/api")),
      { ...redirect({ path: "/moved" }, prefix("/all"))[0]!, name: "all" },
    ],
    [leadsTo("/api/x", 302, "/v2/x$"), leadsTo("/all/x", 302, "/moved$")],
  ],
  "another port": ["HTTPRoutePortRedirect", redirect({ port: 9443 }), [leadsTo("/x", 302, ":9443/x$")]],
  "another scheme": [
    "HTTPRouteSchemeRedirect",
    redirect({ scheme: "https" }),
    [leadsTo("/x", 302, "^https:")],
  ],
  "a redirect by 303": [
    "HTTPRoute303RedirectStatusCode",
    redirect({ host: "b.test", statusCode: 303 }),
    [leadsTo("/", 303, "b.test")],
  ],
  "a redirect by 307": [
    "HTTPRoute307RedirectStatusCode",
    redirect({ host: "b.test", statusCode: 307 }),
    [leadsTo("/", 307, "b.test")],
  ],
  "a redirect by 308": [
    "HTTPRoute308RedirectStatusCode",
    redirect({ host: "b.test", statusCode: 308 }),
    [leadsTo("/", 308, "b.test")],
  ],
};

async function holds(host: string, url: string, checks: readonly Check[]): Promise<void> {
  await eventually(
    async () => {
      for (const { path, request, is } of checks)
        if (!is(await ask(`${url}${path}`, { host, ...request }))) return false;
      return true;
    },
    { timeoutMs: 40_000, message: `all requests to ${host} behaving` },
  );
}

describe("Traefik's Gateway does what a Route says", () => {
  it.each(
    Object.entries(cases).map(([what, [feature, rules, checks]], index) => ({
      what,
      feature,
      rules,
      checks,
      index,
    })),
  )("with $what ($feature)", async ({ rules, checks, index }) => {
    const host = await serve(`case-${index}`, { rules });
    await holds(host, traefik.url, checks);
  });

  it("has a test for each feature that it is said to have", () => {
    const tested = Object.values(cases).map(([feature]) => feature);
    expect(Object.keys(traefikFeatures).filter((name) => !tested.includes(name as never))).toEqual([]);
  });

  it("with a WebSocket", async () => {
    const host = await serve("socket", { rules: [rule(prefix("/"))] });
    await holds(host, traefik.url, [from("a", "/")]);
    const socket = await openWebSocket(`${traefik.url}/ws`, { host });
    expect(await socket.exchange("hello")).toBe("a: hello");
    await socket.close();
  });

  it("with HTTPS, and a redirect to it", async () => {
    const tls = { secretName: "shop-tls", httpPolicy: "Redirect" } as const;
    const host = await serve("secure", { tls, rules: [rule(prefix("/"))] });
    await holds(host, traefik.secureUrl, [from("a", "/x")]);
    await holds(host, traefik.url, [leadsTo("/x", 301, "^https://secure.example.com(:[0-9]+)?/x$")]);
  });

  it("with HTTPS alone", async () => {
    const tls = { secretName: "shop-tls", httpPolicy: "Deny" } as const;
    const host = await serve("secret", { tls, rules: [rule(prefix("/"))] });
    await holds(host, traefik.secureUrl, [from("a", "/x")]);
    await holds(host, traefik.url, [refused("/x")]);
  });
});

it.each<[string, Partial<ResolvedRoute>]>([
  ["spec.policy.timeouts.request", { policy: { timeouts: { request: "5s" } } }],
  ["spec.policy.retry", { policy: { retry: { attempts: 2 } } }],
  ["spec.policy.cors", { policy: { cors: { origins: ["https://a.example"] } } }],
  ["spec.rules[0].matches[0].path.type", { rules: [rule({ path: { type: "Regex", value: "/v[0-9]+/x" } })] }],
  ["spec.rules[0].matches[0].methods", { rules: [rule({ ...prefix("/a"), methods: ["GET"] })] }],
  [
    "spec.rules[0].matches[0].headers",
    { rules: [rule({ ...prefix("/a"), headers: [{ name: "X-Tier", value: "gold" }] })] },
  ],
  [
    "spec.rules[0].mirror",
    {
      rules: [rule(prefix("/"), { mirror: { service: { name: "b", port: 80 }, percent: 100 } })],
    },
  ],
])("refuses %s, which Traefik's Gateway does not do", (field, parts) => {
  const translation = gatewayApiBackend.translate(resolvedRoute(parts), routeClass, capabilities);
  expect(translation).toEqual({ unsupported: [expect.objectContaining({ field })] });
});

// Why some of these are refused. Should Traefik ever compare paths first, let `traefikFeatures` have PathPrecedence.
describe("Traefik's Gateway, left to itself", () => {
  async function serveRaw(name: string, hostnames: string[], match: HttpRouteMatch, service: string) {
    const parentRefs = [{ name: "public", sectionName: "http" }];
    const rules = [{ matches: [match], backendRefs: [{ name: service, port: 80 }] }];
    const { apiVersion, kind } = HttpRoute;
    const metadata = { namespace: harness.namespace, name };
    await harness.admin.create(HttpRoute, {
      apiVersion,
      kind,
      metadata,
      spec: { parentRefs, hostnames, rules },
    });
  }

  const path = (value: string, type = "PathPrefix") => ({ path: { type, value } });

  it("gives requests for a longer path to the match with a method", async () => {
    const host = "by-method.example.com";
    await serveRaw("by-method", [host], { ...path("/a"), method: "GET" }, "a");
    await serveRaw("by-path", [host], path("/a/longer"), "b");
    await holds(host, traefik.url, [
      from("b", "/a/longer", { method: "POST" }),
      from("a", "/a"),
      from("a", "/a/longer"),
    ]);
  });

  it("gives requests for a longer path to the longer expression", async () => {
    const host = "by-expression.example.com";
    await serveRaw("by-expression", [host], path("^/a(/[a-z]+)*/longer$", "RegularExpression"), "a");
    await serveRaw("by-text", [host], path("/a/longer"), "b");
    await holds(host, traefik.url, [from("b", "/a/longer/b"), from("a", "/a/longer")]);
  });
});

it("gives requests for a longer path to its Route, whatever the other hosts of the other Route", async () => {
  const host = "host.example.com";
  const long = `${"h".repeat(63)}.${"h".repeat(63)}.${"h".repeat(63)}.${host}`;
  await serve("other-hosts", { hosts: [host, long], rules: [rule(prefix("/a"))] });
  await serve("longer-path", { hosts: [host], rules: [rule(prefix("/a/b"), { targets: to("b") })] });
  await holds(host, traefik.url, [from("a", "/a"), from("b", "/a/b")]);
  await holds(long, traefik.url, [from("a", "/a/b")]);
});

it("is told by Traefik that it took the HTTPRoutes", async () => {
  const { items } = await harness.admin.list(HttpRoute, { namespace: harness.namespace });
  expect(items.length).toBeGreaterThan(Object.keys(cases).length);
  const refusedOnes = items.filter(
    ({ status }) =>
      !status?.parents.every(({ conditions = [] }) =>
        conditions.some(({ type, status: held }) => type === "Accepted" && held === "True"),
      ),
  );
  expect(refusedOnes.map(({ metadata }) => metadata.name)).toEqual([]);
});
