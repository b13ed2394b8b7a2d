import { readFileSync } from "node:fs";
import { testNamespace, useCluster } from "@datalayer/devcluster/testkit/cluster";
import { Route } from "@datalayer/shared/crds/route";
import { RouteClass } from "@datalayer/shared/crds/route-class";
import { loadAccess } from "@datalayer/shared/kube/access";
import { RestClient } from "@datalayer/shared/kube/rest";
import { refusalOf, sendStrictly } from "@datalayer/shared/kube/testkit/admission";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { routeClassManifest, routeManifest } from "./builders.ts";
import { installOwnKinds } from "./manifests.ts";

let admin: RestClient;
let namespace: string;

beforeAll(async () => {
  const { kubeconfigPath } = await useCluster();
  namespace = await testNamespace();
  admin = new RestClient({ access: loadAccess({ kubeconfigPath }), userAgent: "test", fieldManager: "test" });
  await installOwnKinds(admin);
});

afterAll(() => admin.close());

type Fields = Record<string, unknown>;

/** Sends a Route with these fields in its spec. */
function create(spec: Fields, metadata: Fields = {}): Promise<unknown> {
  const manifest = routeManifest(namespace, "test", spec);
  const text = JSON.stringify({ ...manifest, metadata: { ...manifest.metadata, ...metadata } });
  return sendStrictly(admin, Route, text, { namespace });
}

/** Sends a RouteClass with these fields in its spec. */
function createClass(spec: Fields): Promise<unknown> {
  return sendStrictly(admin, RouteClass, JSON.stringify(routeClassManifest("test", spec)));
}

const target = { service: { name: "target" }, port: 80 };
const rule = (fields: Fields): Fields => ({ rules: [{ targets: [target], ...fields }] });
const targets = (...fields: Fields[]): Fields => ({ rules: [{ targets: fields }] });
const match = (fields: Fields): Fields => rule({ matches: [fields] });
const path = (value: unknown, type = "Prefix"): Fields => match({ path: { type, value } });
const redirect = (fields: Fields, from?: Fields): Fields => ({
  rules: [{ redirect: fields, ...(from && { matches: [{ path: from }] }) }],
});
const setHeader = (name: string, value = "x"): Fields =>
  rule({ headers: { request: { set: [{ name, value }] } } });
const auth = (fields: Fields): Fields => ({ auth: fields });
const policy = (fields: Fields): Fields => ({ policy: fields });
const jwt = {
  issuer: "https://issuer.example",
  jwksUrl: "https://issuer.example/keys",
  audiences: ["datalayer"],
};

type Table = [what: string, spec: Fields, path: string][];

const hosts: Table = [
  ["no host", { hosts: [] }, "spec.hosts"],
  ["the host *", { hosts: ["*"] }, "spec.hosts[0]"],
  ["an address as host", { hosts: ["192.0.2.1"] }, "spec.hosts[0]"],
  ["an address of IPv6 as host", { hosts: ["[2001:db8::1]"] }, "spec.hosts[0]"],
  ["a number as host", { hosts: ["3221225985"] }, "spec.hosts[0]"],
  ["a trailing dot", { hosts: ["a.test."] }, "spec.hosts[0]"],
  ["a host of 254 characters", { hosts: [`${"a.".repeat(125)}test`] }, "spec.hosts[0]"],
  ["a label of 64 characters", { hosts: [`${"a".repeat(64)}.test`] }, "spec.hosts[0]"],
  ["a letter that only looks Latin", { hosts: ["\u0430pple.test"] }, "spec.hosts[0]"],
  ["a host in upper case", { hosts: ["A.test"] }, "spec.hosts[0]"],
  ["a port in a host", { hosts: ["a.test:80"] }, "spec.hosts[0]"],
  ["a star within a label", { hosts: ["a*.test"] }, "spec.hosts[0]"],
  ["a star in the middle", { hosts: ["a.*.test"] }, "spec.hosts[0]"],
  ["a line break after a host", { hosts: ["a.test\n"] }, "spec.hosts[0]"],
  ["a backtick in a host", { hosts: ["a`) || PathPrefix(`/"] }, "spec.hosts[0]"],
  ["a host given twice", { hosts: ["a.test", "a.test"] }, "spec.hosts[1]"],
  ["17 hosts", { hosts: Array.from({ length: 17 }, (_, index) => `h${index}.test`) }, "spec.hosts"],
  ["a class in upper case", { routeClassName: "A" }, "spec.routeClassName"],
];

const value = "spec.rules[0].matches[0].path.value";
const paths: Table = [
  ["a relative path", path("a"), value],
  ["a path that goes up", path("/a/../b"), value],
  ["a path that ends by going up", path("/a/.."), value],
  ["a dot segment", path("/./a"), value],
  ["an empty segment", path("/a//b"), value],
  ["an encoded slash", path("/a%2fb"), value],
  ["an encoded dot", path("/%2e%2e/b"), value],
  ["an encoded NUL", path("/a%00"), value],
  ["a NUL", path("/a\u0000"), value],
  ["a line break", path("/a\r\nHost: b"), value],
  ["a backtick that ends a rule of Traefik", path("/a`) || Host(`b.test"), value],
  ["a quote", path('/a"b'), value],
  ["a backslash", path("/a\\b"), value],
  ["braces", path("/{a}"), value],
  ["a semicolon", path("/a;b"), value],
  ["a question mark in a prefix", path("/a?b"), value],
  ["a fragment", path("/a#b"), value],
  ["a blank", path("/a b"), value],
  ["a letter outside ASCII", path("/\u00e9"), value],
  ["a path of 513 characters", path(`/${"a".repeat(512)}`), value],
  ["a path of an unknown type", path("/a", "Glob"), "spec.rules[0].matches[0].path.type"],
  ["a group that repeats in a repeated group", path("/(a+)+", "Regex"), value],
  ["a choice in a repeated group", path("/(a|a)*", "Regex"), value],
  ["groups within groups", path("/((a+))+", "Regex"), value],
  ["a group in a group that repeats", path("/(x(a+)y)+", "Regex"), value],
  ["a regular expression that is none", path("/(a", "Regex"), "spec.rules[0].matches[0].path"],
  ["a count of repetitions", path("/a{1,1000}", "Regex"), value],
  ["a backtick in a regular expression", path("/a`) || Host(`b", "Regex"), value],
  ["a regular expression that goes up", path("/a/../b", "Regex"), value],
  ["a rewrite that goes up", rule({ rewrite: { path: "/a/../b" } }), "spec.rules[0].rewrite.path"],
  ["a rewrite with a group", rule({ rewrite: { path: "/$1" } }), "spec.rules[0].rewrite.path"],
  ["a rewrite of path and prefix", rule({ rewrite: { path: "/a", prefix: "/b" } }), "spec.rules[0].rewrite"],
  ["an empty rewrite", rule({ rewrite: {} }), "spec.rules[0].rewrite"],
  [
    "a new prefix where none was matched",
    rule({ matches: [{ path: { type: "Exact", value: "/a" } }], rewrite: { prefix: "/b" } }),
    "spec.rules[0].rewrite.prefix",
  ],
];

const requests: Table = [
  ["an unknown method", match({ methods: ["TRACE"] }), "spec.rules[0].matches[0].methods[0]"],
  ["a method given twice", match({ methods: ["GET", "GET"] }), "spec.rules[0].matches[0].methods[1]"],
  ["a match of nothing", match({}), "spec.rules[0].matches[0]"],
  [
    "a match of the header Host",
    match({ headers: [{ name: "hOST", value: "b.test" }] }),
    "spec.rules[0].matches[0].headers[0].name",
  ],
  [
    "a backtick in the value of a header",
    match({ headers: [{ name: "X-A", value: "a`) || Host(`b" }] }),
    "spec.rules[0].matches[0].headers[0].value",
  ],
  [
    "a repeated group in the value of a header",
    match({ headers: [{ name: "X-A", type: "Regex", value: "(a*)*" }] }),
    "spec.rules[0].matches[0].headers[0].value",
  ],
  [
    "a quote in the name of a parameter",
    match({ query: [{ name: 'a"', value: "b" }] }),
    "spec.rules[0].matches[0].query[0].name",
  ],
  [
    "a line break in the value of a parameter",
    match({ query: [{ name: "a", value: "b\nc" }] }),
    "spec.rules[0].matches[0].query[0].value",
  ],
  ["no rule", { rules: [] }, "spec.rules"],
  [
    "10,000 rules",
    { rules: Array.from({ length: 10_000 }, (_, index) => ({ name: `r${index}`, targets: [target] })) },
    "spec.rules",
  ],
  ["two rules of one name", { rules: [{ targets: [target] }, { targets: [target] }] }, "spec.rules[1]"],
  ["a rule without targets", { rules: [{}] }, "spec.rules[0]"],
  ["a rule with targets and a redirect", rule({ redirect: { scheme: "https" } }), "spec.rules[0]"],
];

const first = "spec.rules[0].targets[0]";
const servers: Table = [
  ["no target", targets(), "spec.rules[0].targets"],
  ["a target that is nothing", targets({ port: 80 }), first],
  ["a target that is two things", targets({ ...target, pod: { name: "a" } }), first],
  ["no port", targets({ service: { name: "a" } }), `${first}.port`],
  ["port 0", targets({ ...target, port: 0 }), `${first}.port`],
  ["port 65536", targets({ ...target, port: 65_536 }), `${first}.port`],
  ["a port as text", targets({ ...target, port: "80" }), `${first}.port`],
  ["a weight below 0", targets({ ...target, weight: -1 }), `${first}.weight`],
  ["a weight beyond the limit", targets({ ...target, weight: 1001 }), `${first}.weight`],
  [
    "weights that are all 0",
    targets({ ...target, weight: 0 }, { ...target, weight: 0 }),
    "spec.rules[0].targets",
  ],
  ["an unknown protocol", targets({ ...target, protocol: "ftp" }), `${first}.protocol`],
  [
    "a Service of another namespace",
    targets({ service: { name: "other/target" }, port: 80 }),
    `${first}.service.name`,
  ],
  [
    "a namespace beside a Service",
    targets({ service: { name: "a", namespace: "b" }, port: 80 }),
    "namespace",
  ],
  [
    "a Service of another provider",
    targets({ service: { name: "api@internal" }, port: 80 }),
    `${first}.service.name`,
  ],
  ["an address as Pod", targets({ pod: { name: "::1" }, port: 80 }), `${first}.pod.name`],
  [
    "a selector of every Pod",
    targets({ selector: { matchLabels: {} }, port: 80 }),
    `${first}.selector.matchLabels`,
  ],
  [
    "a runtime that is none",
    targets({ runtime: { pool: "a", ulid: "../b" }, port: 80 }),
    `${first}.runtime.ulid`,
  ],
  [
    "a mirror to more than all",
    rule({ mirror: { service: { name: "a" }, port: 80, percent: 101 } }),
    "spec.rules[0].mirror.percent",
  ],
  ["external addresses (CVE-2020-8554)", { externalIPs: ["192.0.2.1"] }, "spec.externalIPs"],
  ["nine targets", targets(...Array<Fields>(9).fill(target)), "spec.rules[0].targets"],
];

const name = "spec.rules[0].headers.request.set[0].name";
const headers: Table = [
  ["the header Host set", setHeader("Host"), name],
  ["the header Connection set", setHeader("connection"), name],
  ["the header Transfer-Encoding set", setHeader("Transfer-Encoding"), name],
  ["the header Content-Length set", setHeader("content-LENGTH"), name],
  ["the header X-Forwarded-For set", setHeader("x-forwarded-for"), name],
  ["an underscore in a header's name", setHeader("X_Forwarded_For"), name],
  ["a line break in a header's name", setHeader("A\r\nB"), name],
  ["a line break in a header's value", setHeader("A", "b\r\nC: d"), "set[0].value"],
  ["a NUL in a header's value", setHeader("A", "b\u0000"), "set[0].value"],
  ["an empty value", setHeader("A", ""), "set[0].value"],
  [
    "the header Host removed",
    rule({ headers: { request: { remove: ["host"] } } }),
    "spec.rules[0].headers.request.remove[0]",
  ],
  [
    "the header Upgrade of the answer set",
    rule({ headers: { response: { set: [{ name: "Upgrade", value: "x" }] } } }),
    "spec.rules[0].headers.response.set[0].name",
  ],
  [
    "a header set twice",
    rule({
      headers: {
        request: {
          set: [
            { name: "A", value: "1" },
            { name: "A", value: "2" },
          ],
        },
      },
    }),
    "spec.rules[0].headers.request.set[1]",
  ],
];

const redirects: Table = [
  ["a redirect that changes nothing", redirect({}), "spec.rules[0].redirect"],
  ["a redirect to where it is", redirect({ path: "/a" }, { value: "/a" }), "spec.rules[0].redirect"],
  ["a redirect to below where it is", redirect({ path: "/a/b" }, { value: "/a" }), "spec.rules[0].redirect"],
  ["a redirect of everything to a path", redirect({ path: "/a" }), "spec.rules[0].redirect"],
  ["a redirect to the Route's own host", redirect({ host: "test.test" }), "spec.rules"],
  ["a host with a path", redirect({ host: "a.test/b" }), "spec.rules[0].redirect.host"],
  ["a host with a user", redirect({ host: "user@a.test" }), "spec.rules[0].redirect.host"],
  ["a path to another host", redirect({ path: "//b.test" }), "spec.rules[0].redirect.path"],
  ["an unknown scheme", redirect({ scheme: "javascript" }), "spec.rules[0].redirect.scheme"],
  ["an answer that is no redirect", redirect({ host: "a.test", statusCode: 200 }), "statusCode"],
];

const authentications: Table = [
  ["no authentication", { auth: undefined }, "spec.auth"],
  ["an empty authentication", auth({}), "spec.auth"],
  ["two authentications", auth({ none: {}, basic: { secretName: "a" } }), "spec.auth"],
  ["none and more", auth({ none: { really: true } }), "spec.auth.none"],
  ["no audience", auth({ jwt: { ...jwt, audiences: [] } }), "spec.auth.jwt.audiences"],
  ["no issuer", auth({ jwt: { ...jwt, issuer: "" } }), "spec.auth.jwt.issuer"],
  ["keys in a file", auth({ jwt: { ...jwt, jwksUrl: "file:///etc/passwd" } }), "spec.auth.jwt.jwksUrl"],
  [
    "credentials in an address",
    auth({ jwt: { ...jwt, jwksUrl: "https://user:password@a.test" } }),
    "spec.auth.jwt.jwksUrl",
  ],
  [
    "a claim in the header Host",
    auth({ jwt: { ...jwt, claimHeaders: [{ claim: "sub", header: "Host" }] } }),
    "spec.auth.jwt.claimHeaders[0].header",
  ],
  [
    "a claim as the client's address",
    auth({ jwt: { ...jwt, claimHeaders: [{ claim: "sub", header: "X-Forwarded-For" }] } }),
    "spec.auth.jwt.claimHeaders[0].header",
  ],
  ["a forward to nobody", auth({ forward: {} }), "spec.auth.forward"],
  [
    "a forward to two",
    auth({ forward: { url: "http://a.test", service: { name: "a", port: 80 } } }),
    "spec.auth.forward",
  ],
  [
    "an answer's header Connection",
    auth({ forward: { url: "http://a.test", responseHeaders: ["Connection"] } }),
    "spec.auth.forward.responseHeaders[0]",
  ],
  [
    "a key in the header Host",
    auth({ apiKey: { secretName: "a", header: "Host" } }),
    "spec.auth.apiKey.header",
  ],
  ["a Secret of another namespace", auth({ basic: { secretName: "b/a" } }), "spec.auth.basic.secretName"],
  ["client certificates without HTTPS", auth({ clientCert: { caSecretName: "a" } }), "spec.auth.clientCert"],
  ["two certificates", { tls: { secretName: "a", issuerRef: { name: "b" } } }, "spec.tls"],
  ["a certificate of another namespace", { tls: { secretName: "b/a" } }, "spec.tls.secretName"],
  [
    "an unknown kind of issuer",
    { tls: { issuerRef: { name: "a", kind: "Other" } } },
    "spec.tls.issuerRef.kind",
  ],
  ["no answer to HTTP", { tls: { httpPolicy: "Ignore" } }, "spec.tls.httpPolicy"],
];

const policies: Table = [
  [
    "credentials from every origin",
    policy({ cors: { origins: ["*"], credentials: true } }),
    "spec.policy.cors.origins",
  ],
  ["an origin with a path", policy({ cors: { origins: ["https://a.test/b"] } }), "cors.origins[0]"],
  ["the origin null", policy({ cors: { origins: ["null"] } }), "cors.origins[0]"],
  ["a pattern of origins", policy({ cors: { origins: ["https://*"] } }), "cors.origins[0]"],
  ["an address range that is none", policy({ ipAllow: ["10.0.0.0/33"] }), "spec.policy.ipAllow[0]"],
  ["a name as an address", policy({ ipAllow: ["localhost"] }), "spec.policy.ipAllow[0]"],
  ["nobody allowed", policy({ ipAllow: [] }), "spec.policy.ipAllow"],
  ["a timeout of 0", policy({ timeouts: { request: "0s" } }), "spec.policy.timeouts.request"],
  ["a timeout without end", policy({ timeouts: { request: "infinity" } }), "spec.policy.timeouts.request"],
  ["a timeout below 0", policy({ timeouts: { idle: "-1s" } }), "spec.policy.timeouts.idle"],
  ["a timeout without unit", policy({ timeouts: { backend: "30" } }), "spec.policy.timeouts.backend"],
  ["a timeout of 100,000 hours", policy({ timeouts: { tunnel: "100000h" } }), "spec.policy.timeouts.tunnel"],
  ["no attempts", policy({ retry: { attempts: 0 } }), "spec.policy.retry.attempts"],
  ["1,000 attempts", policy({ retry: { attempts: 1000 } }), "spec.policy.retry.attempts"],
  ["a rate of 0", policy({ rateLimit: { requests: 0 } }), "spec.policy.rateLimit.requests"],
  ["half a request", policy({ rateLimit: { requests: 0.5 } }), "spec.policy.rateLimit.requests"],
  ["bodies of 0 bytes", policy({ bodyLimit: { maxBytes: 0 } }), "spec.policy.bodyLimit.maxBytes"],
  ["bodies of 1e308 bytes", policy({ bodyLimit: { maxBytes: 1e308 } }), "spec.policy.bodyLimit.maxBytes"],
  ["a cookie's name with a semicolon", policy({ sticky: { cookieName: "a; b" } }), "sticky.cookieName"],
  ["an expression", policy({ circuitBreaker: { expression: "true" } }), "circuitBreaker"],
  ["a share of 101 percent", policy({ circuitBreaker: { errorPercent: 101 } }), "errorPercent"],
  ["an unknown policy for what is missing", { onUnsupported: "Ignore" }, "spec.onUnsupported"],
  ["a rule as text", { rules: [{ targets: [target], rule: "Host(`a`)" }] }, "spec.rules[0].rule"],
  ["a middleware of another provider", { middlewares: ["a@file"] }, "spec.middlewares"],
  ["a priority", rule({ priority: 1_000_000 }), "spec.rules[0].priority"],
  ["a key that pollutes prototypes", { constructor: { prototype: {} } }, "spec.constructor"],
  ["null where a list is", { rules: [null] }, "spec.rules[0]"],
  ["1.4 MB of one value", setHeader("A", "x".repeat(1_400_000)), "set[0].value"],
];

describe("a Route is refused with", () => {
  const table = [
    ...[...hosts, ...paths, ...requests, ...servers],
    ...[...headers, ...redirects, ...authentications, ...policies],
  ];
  it.each(table)("%s", async (_, spec, at) => {
    expect(await refusalOf(create(spec))).toContain(at);
  });

  it.each([
    ["2^53+1", '{"policy":{"bodyLimit":{"maxBytes":9007199254740993}}}', "spec.policy.bodyLimit.maxBytes"],
    ["1e999", '{"policy":{"retry":{"attempts":1e999}}}', ""],
    ["__proto__", '{"__proto__":{"auth":{"none":{}}}}', "spec.__proto__"],
    ["authentication given twice", '{"auth":{"basic":{"secretName":"a"}},"auth":{"none":{}}}', "auth"],
    ["a list 1,000 deep", `{"rules":${"[".repeat(1000)}${"]".repeat(1000)}}`, "spec.rules"],
  ])("%s", async (_, spec, at) => {
    const { apiVersion, kind } = Route;
    const text = `{"apiVersion":"${apiVersion}","kind":"${kind}","metadata":{"name":"test"},"spec":${spec}}`;
    expect(await refusalOf(sendStrictly(admin, Route, text, { namespace }))).toContain(at);
  });

  it("a sentence that says what is wrong", async () => {
    expect(await refusalOf(create(targets({ ...target, weight: 0 })))).toContain(
      "gives every target the weight 0",
    );
  });
});

describe("a RouteClass is refused with", () => {
  const gateway = { namespace: "a", name: "b" };
  const table: Table = [
    ["an unknown backend", { backend: "nginx" }, "spec.backend"],
    ["the Gateway API without a gateway", { backend: "gateway-api" }, "spec.gateway"],
    ["a gateway for Traefik", { gateway }, "spec.gateway"],
    ["Traefik for the Gateway API", { backend: "gateway-api", gateway, traefik: {} }, "spec.traefik"],
    ["a host as a part of one", { hosts: [{ pattern: "a*", namespaces: ["*"] }] }, "spec.hosts[0].pattern"],
    [
      "a pattern given twice",
      {
        hosts: [
          { pattern: "*", namespaces: ["a"] },
          { pattern: "*", namespaces: ["b"] },
        ],
      },
      "spec.hosts[1]",
    ],
    ["a pattern for nobody", { hosts: [{ pattern: "*", namespaces: [] }] }, "spec.hosts[0].namespaces"],
    ["a pattern of namespaces", { hosts: [{ pattern: "*", namespaces: ["a*"] }] }, "namespaces[0]"],
    ["a verifier in a file", { verifier: { url: "file:///a" } }, "spec.verifier.url"],
    [
      "a sign-in that sets the header Host",
      { platform: { url: "http://a.test", responseHeaders: ["Host"] } },
      "spec.platform.responseHeaders[0]",
    ],
    [
      "an entry point with a blank",
      { traefik: { entryPoints: { http: "a b" } } },
      "spec.traefik.entryPoints.http",
    ],
    [
      "replicas by Service and by address",
      {
        traefik: {
          service: { namespace: "a", name: "b" },
          urls: { api: "http://a.test", http: "http://a.test" },
        },
      },
      "spec.traefik",
    ],
  ];
  it.each(table)("%s", async (_, spec, at) => {
    expect(await refusalOf(createClass(spec))).toContain(at);
  });
});

describe("what is unusual and harmless is accepted:", () => {
  const table: [what: string, spec: Fields, metadata?: Fields][] = [
    ["a host of one label", { hosts: ["localhost"] }],
    ["a host of 253 characters", { hosts: [`${"a.".repeat(124)}tests`] }],
    ["a host in Punycode", { hosts: ["xn--bcher-kva.test"] }],
    ["a wildcard", { hosts: ["*.a.test"] }],
    ["a path of OData", path("/a/$metadata")],
    ["a tilde, an at and a colon", path("/~user/@scope/a:b")],
    ["dots that are no dot segment", path("/.well-known/a..b/...")],
    ["a regular expression", path("/a/[0-9]+/(b|c)?", "Regex")],
    ["the same target twice", targets(target, target)],
    ["a weight of 0 beside another", targets({ ...target, weight: 0 }, target)],
    [
      "quotes in a header of the answer",
      {
        ...rule({
          headers: { response: { set: [{ name: "Content-Security-Policy", value: "default-src 'self'" }] } },
        }),
      },
    ],
    ["a redirect to HTTPS", redirect({ scheme: "https" })],
    ["a redirect to a sibling", redirect({ path: "/ab" }, { value: "/a" })],
    ["a redirect to another host", redirect({ host: "b.test", path: "/" }, { value: "/" })],
    ["credentials from one origin", policy({ cors: { origins: ["https://a.test"], credentials: true } })],
    ["an address and a range", policy({ ipAllow: ["192.0.2.1", "2001:db8::/32"] })],
    [
      "a user's name from a claim",
      auth({ jwt: { ...jwt, claimHeaders: [{ claim: "sub", header: "X-Forwarded-User" }] } }),
    ],
    [
      "an annotation of another controller",
      {},
      { annotations: { "nginx.ingress.kubernetes.io/auth-tls-match-cn": "x\ny" } },
    ],
    ["an emoji in an annotation", {}, { annotations: { note: "\u{1F600}\u202e" } }],
    ["a name of 253 characters", {}, { name: `${"a".repeat(248)}.test` }],
    ["a foreign owner", {}, { ownerReferences: [{ apiVersion: "v1", kind: "Pod", name: "a", uid: "b" }] }],
    ["1,000 finalizers", {}, { finalizers: Array.from({ length: 1000 }, (_, index) => `a.b/f${index}`) }],
  ];
  it.each(table)("%s", async (_, spec, metadata) => {
    await expect(create(spec, metadata)).resolves.toHaveProperty("metadata");
  });

  it("the largest Route that the limits allow", async () => {
    const long = `/${"a".repeat(511)}`;
    const matches = Array.from({ length: 8 }, (_, index) => ({
      path: { type: "Prefix", value: long.slice(0, -1 - index) },
      headers: Array.from({ length: 8 }, (_, header) => ({ name: `H${header}`, value: "b".repeat(64) })),
    }));
    const rules = Array.from({ length: 32 }, (_, index) => ({
      name: `r${index}`,
      matches,
      targets: Array<Fields>(8).fill(target),
    }));
    await expect(create({ rules })).resolves.toHaveProperty("metadata");
  });
});

describe("the example", () => {
  const file = new URL("../../../examples/route.yaml", import.meta.url);
  const routes = parseAllDocuments(readFileSync(file, "utf8")).map((document) => document.toJS() as Route);

  it.each(routes.map((route) => [route.metadata.name, route] as const))(
    "applies under strict validation: %s",
    async (_, route) => {
      const text = JSON.stringify({ ...route, metadata: { ...route.metadata, namespace } });
      await expect(sendStrictly(admin, Route, text, { namespace })).resolves.toMatchObject({ kind: "Route" });
    },
  );
});

describe("a Route that says the least", () => {
  it("gets the defaults, and a forged status is dropped", async () => {
    const manifest = { ...routeManifest(namespace, "least"), status: { url: "https://forged.test" } };
    const sent = await sendStrictly(admin, Route, JSON.stringify(manifest), { namespace });
    expect(sent).toMatchObject({
      spec: {
        routeClassName: "datalayer",
        onUnsupported: "Reject",
        rules: [{ name: "main", targets: [{ protocol: "http", weight: 1 }] }],
      },
    });
    expect(sent).not.toHaveProperty("status");
  });
});
