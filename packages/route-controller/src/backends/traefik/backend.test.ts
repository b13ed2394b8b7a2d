import type { KubeObject, Manifest } from "@datalayer/shared/kube/object";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import {
  resolvedMatch as matchOf,
  resolvedRoute as routeOf,
  resolvedRule,
  resolvedTarget,
  storedRouteClass,
} from "../../../test/resolved-route.ts";
import type { ResolvedMatch, ResolvedRoute, Unsupported } from "../backend.ts";
import { traefikBackend } from "./backend.ts";

const traefikClass = storedRouteClass({ backend: "traefik" });
const tls = { secretName: "app-tls", httpPolicy: "Redirect" } as const;
const blue = resolvedTarget({ service: { name: "blue", port: 80 }, weight: 3 });
const green = resolvedTarget({ service: { name: "green", port: 8080 }, protocol: "h2c", weight: 1 });
const secure = resolvedTarget({ service: { name: "secure", port: 443 }, protocol: "https" });
const unused = resolvedTarget({ service: { name: "unused", port: 80 }, weight: 0 });

function forward(responseHeaders: string[]): ResolvedRoute["auth"] {
  return {
    kind: "forward",
    field: "jwt",
    url: "http://verifier.example:8080/check/team-a/app",
    requestHeaders: ["Authorization"],
    responseHeaders,
  };
}

/** What fits `/app`. */
function resolvedMatch(changes: Partial<ResolvedMatch> = {}): ResolvedMatch {
  return matchOf({ path: { type: "Prefix", value: "/app" }, priority: 1_000, ...changes });
}

/** A Route for `/app`. */
function resolvedRoute(changes: Partial<ResolvedRoute> = {}): ResolvedRoute {
  return routeOf({ ...rule({}), ...changes });
}

function rule(changes: Parameters<typeof resolvedRule>[0]): Partial<ResolvedRoute> {
  return { rules: [resolvedRule({ matches: [resolvedMatch()], ...changes })] };
}

const goldens: Record<string, Partial<ResolvedRoute>> = {
  minimal: {},
  "auth-target": { auth: { kind: "target" } },
  "auth-forward": { auth: forward(["X-User", "X-User-Groups"]) },
  "auth-basic": { auth: { kind: "basic", secretName: "users" } },
  "auth-client-cert": { auth: { kind: "clientCert", caSecretName: "clients-ca" }, tls },
  "tls-redirect": { tls },
  "tls-deny": { tls: { ...tls, httpPolicy: "Deny" } },
  "tls-allow": { tls: { ...tls, httpPolicy: "Allow" } },
  "hosts-wildcard": { hosts: ["app.example.com", "*.apps.example.com"] },
  matches: rule({
    matches: [
      resolvedMatch({ path: { type: "Exact", value: "/app/login" }, methods: ["POST"], priority: 1_003 }),
      resolvedMatch({ path: { type: "Regex", value: "/app/v[0-9]+/.*" }, priority: 1_002 }),
      resolvedMatch({
        headers: [{ name: "X-Version", type: "Exact", value: "2" }],
        query: [{ name: "beta", type: "Exact", value: "yes" }],
        priority: 1_001,
      }),
    ],
  }),
  "matches-regex": rule({
    matches: [
      resolvedMatch({
        headers: [{ name: "X-Tier", type: "Regex", value: "gold|silver" }],
        query: [{ name: "v", type: "Regex", value: "[12]" }],
      }),
    ],
  }),
  // Over Traefik's own transport: another one would not have the authorities that Traefik trusts.
  "target-https": rule({ targets: [secure] }),
  "target-https-weights": {
    ...rule({ targets: [blue, secure] }),
    policy: { timeouts: { backend: "30s" } },
    onUnsupported: "Degrade",
  },
  weights: rule({ targets: [blue, green, unused] }),
  mirror: rule({ mirror: { service: { name: "copy", port: 80 }, percent: 10 } }),
  "mirror-weights": rule({
    targets: [blue, green],
    mirror: { service: { name: "copy", port: 80 }, percent: 10 },
  }),
  "runtime-gateway": rule({
    pass: "5f0c7c1e/3",
    headers: { request: { set: [{ name: "x-datalayer-route", value: "forged/1" }] } },
  }),
  "rewrite-path": rule({ rewrite: { path: "/index.html" } }),
  "rewrite-prefix": rule({ rewrite: { prefix: "/v2" } }),
  "rewrite-prefix-root": rule({ rewrite: { prefix: "/" } }),
  "redirect-host": rule({
    targets: [],
    redirect: { scheme: "https", host: "www.example.com", statusCode: 301 },
  }),
  "redirect-path": rule({ targets: [], redirect: { path: "/new.$1" } }),
  "redirect-port": rule({ targets: [], redirect: { port: 8443 } }),
  "redirect-port-usual": rule({ targets: [], redirect: { scheme: "https", port: 443 } }),
  "redirect-prefix": rule({ targets: [], redirect: { prefix: "/new", statusCode: 302 } }),
  headers: rule({
    headers: {
      request: { set: [{ name: "X-Team", value: "a" }], remove: ["X-Debug"] },
      response: { set: [{ name: "Cache-Control", value: "no-store" }], remove: ["Server"] },
    },
  }),
  "policy-cors": {
    ...rule({ matches: [resolvedMatch({ methods: ["PUT"] })] }),
    policy: {
      cors: {
        origins: ["https://lab.example.com"],
        methods: ["PUT"],
        headers: ["Content-Type"],
        exposeHeaders: ["X-Total"],
        credentials: true,
        maxAgeSeconds: 60,
      },
    },
  },
  "policy-ip-allow": { policy: { ipAllow: ["10.0.0.0/8", "2001:db8::1"] } },
  "policy-rate-limit": { policy: { rateLimit: { requests: 100, period: "1m", burst: 20 } } },
  "policy-timeouts": { policy: { timeouts: { backend: "30s" } } },
  "policy-retry": { policy: { retry: { attempts: 2, initialInterval: "50ms" } } },
  "policy-sticky": { policy: { sticky: { cookieName: "lab", sameSite: "Strict", maxAgeSeconds: 60 } }, tls },
  "policy-sticky-weights": { ...rule({ targets: [blue, green] }), policy: { sticky: {} } },
  "policy-body-limit": { policy: { bodyLimit: { maxBytes: 1_048_576 } } },
  "policy-compression": { policy: { compression: { minBytes: 256 } } },
  "policy-circuit-breaker": { policy: { circuitBreaker: { errorPercent: 30, openFor: "5s" } } },
};

function objectsOf(changes: Partial<ResolvedRoute>, routeClass = traefikClass) {
  const translation = traefikBackend.translate(resolvedRoute(changes), routeClass, undefined);
  if (!("objects" in translation)) throw new Error(JSON.stringify(translation.unsupported));
  return translation.objects as readonly (Manifest<KubeObject> & { spec: unknown })[];
}

function unsupportedOf(changes: Partial<ResolvedRoute>): readonly Unsupported[] {
  const translation = traefikBackend.translate(resolvedRoute(changes), traefikClass, undefined);
  return "unsupported" in translation ? translation.unsupported : [];
}

describe("what is made of a Route", () => {
  it.each(Object.entries(goldens))("stands in %s.golden.yaml", async (name, changes) => {
    const text = objectsOf(changes)
      .map((object) => stringify(object, { lineWidth: 0, aliasDuplicateObjects: false }))
      .join("---\n");
    await expect(text).toMatchFileSnapshot(`testdata/${name}.golden.yaml`);
  });

  it("goes to the entry points and the ingress class of the RouteClass", () => {
    const traefik = { ingressClass: "inner", entryPoints: { http: "plain", https: "secure" } };
    const sets = objectsOf({ tls }, storedRouteClass({ backend: "traefik", traefik })).filter(
      ({ kind }) => kind === "IngressRoute",
    );
    expect(sets).toMatchObject([
      { spec: { ingressClassName: "inner", entryPoints: ["secure"] } },
      { spec: { ingressClassName: "inner", entryPoints: ["plain"] } },
    ]);
  });

  it("is owned by the Route, lies in its namespace, and names nothing that lies elsewhere", () => {
    for (const changes of Object.values(goldens)) {
      for (const object of objectsOf(changes)) {
        expect(object.metadata.namespace).toBe("team-a");
        expect(object.metadata.ownerReferences).toEqual([resolvedRoute().owner]);
        expect(JSON.stringify(object)).not.toMatch(/"namespace":"(?!team-a")|@/);
      }
    }
  });

  it("is called otherwise for each Route, whatever the Routes are called", () => {
    const mine = objectsOf({ ...goldens["policy-retry"], tls });
    const other = objectsOf({ ...goldens["policy-retry"], tls, uid: "6f1c2d3e-0000-4000-8000-000000000002" });
    const names = [...mine, ...other].map(({ kind, metadata }) => `${kind}/${metadata.name}`);
    expect(new Set(names).size).toBe(mine.length + other.length);
  });

  it("shows in every rule when anything else is asked for, also what routers do not show", () => {
    const rulesOf = (changes: Partial<ResolvedRoute>): string =>
      JSON.stringify(
        objectsOf(changes).flatMap(({ kind, spec }) => (kind === "IngressRoute" ? [spec] : [])),
        (key, value: unknown) =>
          key === "services" || key === "middlewares" || key === "name" ? undefined : value,
      );
    const plain = rulesOf({});
    for (const changes of [
      rule({ targets: [blue] }),
      goldens["policy-timeouts"]!,
      goldens["policy-retry"]!,
      goldens["mirror"]!,
    ])
      expect(rulesOf(changes)).not.toBe(plain);
    expect(rulesOf({})).toBe(plain);
  });
});

describe("a field that Traefik cannot do", () => {
  const cases: [string, Partial<ResolvedRoute>, { degrades: boolean }][] = [
    ["spec.policy.timeouts.request", { policy: { timeouts: { request: "1m" } } }, { degrades: true }],
    ["spec.policy.timeouts.idle", { policy: { timeouts: { idle: "1m" } } }, { degrades: true }],
    ["spec.policy.timeouts.tunnel", { policy: { timeouts: { tunnel: "1m" } } }, { degrades: true }],
    [
      "spec.policy.timeouts.backend",
      {
        ...rule({ targets: [resolvedTarget({ protocol: "https" })] }),
        policy: { timeouts: { backend: "1m" } },
      },
      { degrades: true },
    ],
    ["spec.policy.sticky.sameSite", { policy: { sticky: { sameSite: "None" } } }, { degrades: true }],
    [
      "spec.rules[0].redirect.statusCode",
      rule({ targets: [], redirect: { host: "b.example.com", statusCode: 308 } }),
      { degrades: true },
    ],
    ["spec.auth.clientCert", { auth: { kind: "clientCert", caSecretName: "ca" } }, { degrades: false }],
    [
      "spec.tls.httpPolicy",
      { auth: { kind: "clientCert", caSecretName: "ca" }, tls: { ...tls, httpPolicy: "Allow" } },
      { degrades: false },
    ],
    [
      "spec.rules[0].matches[0].headers[0].name",
      rule({ matches: [resolvedMatch({ headers: [{ name: "host", type: "Exact", value: "a" }] })] }),
      { degrades: false },
    ],
    [
      "spec.rules[0].matches[0].path.value",
      rule({ matches: [resolvedMatch({ path: { type: "Regex", value: "/(?=a)" } })] }),
      { degrades: false },
    ],
    [
      "spec.rules[0].matches[0].query[0].value",
      rule({ matches: [resolvedMatch({ query: [{ name: "a", type: "Regex", value: "(" }] })] }),
      { degrades: false },
    ],
    ["spec.hosts[0]", { hosts: ["a`) || Host(`b"] }, { degrades: false }],
  ];

  it.each(cases)("%s refuses the Route", (field, changes) => {
    expect(unsupportedOf(changes).map((one) => one.field)).toEqual([field]);
  });

  it.each(cases)(
    "%s is left out where the Route allows it, unless it protects",
    (field, changes, { degrades }) => {
      const route = resolvedRoute({ ...changes, onUnsupported: "Degrade" });
      const translation = traefikBackend.translate(route, traefikClass, undefined);
      expect("degraded" in translation && translation.degraded.map((one) => one.field)).toEqual(
        degrades && [field],
      );
    },
  );
});

it("never fails on a text of a user: it is quoted, or the Route is refused with its field", () => {
  const character = fc.oneof(
    fc.string({ minLength: 1, maxLength: 1 }),
    fc.constantFrom("`", '"', "\\", "{", "\n"),
  );
  const text = fc.string({ unit: character });
  fc.assert(
    fc.property(text, text, text, (host, value, expression) => {
      const match = resolvedMatch({
        path: { type: "Regex", value: expression },
        query: [{ name: "a", type: "Exact", value }],
      });
      const translation = traefikBackend.translate(
        resolvedRoute({ hosts: [host], ...rule({ matches: [match] }) }),
        traefikClass,
        undefined,
      );
      const isHarmless = [host, value, expression].every((each) => /^[ !#-&(-[\]-_a-z|~]+$/.test(each));
      if ("objects" in translation) expect(isHarmless).toBe(true);
      else expect(translation.unsupported).not.toEqual([]);
    }),
  );
});
