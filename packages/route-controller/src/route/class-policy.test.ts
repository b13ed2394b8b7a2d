import type { RouteSpec } from "@datalayer/shared/crds/route";
import type { RouteClass } from "@datalayer/shared/crds/route-class";
import { describe, expect, it } from "vitest";
import { storedRouteClass } from "../../test/resolved-route.ts";
import { storedRoute } from "../../test/stored-route.ts";
import { clusterAddresses } from "./addresses.ts";
import { mayHave, refusalOf } from "./class-policy.ts";

type ClassSpec = RouteClass["spec"];

const open: ClassSpec = { hosts: [{ pattern: "*", namespaces: ["*"] }] };

function refusal(spec: Partial<RouteSpec>, classSpec: Partial<ClassSpec> = {}) {
  const routeClass = storedRouteClass({ ...open, ...classSpec });
  return refusalOf(storedRoute(spec), routeClass, { cluster: clusterAddresses() });
}

/** Leads this path to the runtimes of pool `p`. */
function poolRule(path: string): RouteSpec["rules"][number] {
  return {
    matches: [{ path: { type: "Prefix", value: path } }],
    targets: [{ runtime: { pool: "p" }, port: 80 }],
  };
}

describe("a class gives a host to a namespace", () => {
  const hosts = [
    { pattern: "*", namespaces: ["common"] },
    { pattern: "*.example.com", namespaces: ["team-a"] },
    { pattern: "*.lab.example.com", namespaces: ["team-b"] },
    { pattern: "one.lab.example.com", namespaces: ["team-c"] },
    { pattern: "open.example.com", namespaces: ["*"] },
  ];

  it.each([
    ["common", "example.com", true],
    ["common", "a.example.com", false],
    ["team-a", "a.example.com", true],
    ["team-a", "a.b.example.com", true],
    ["team-a", "example.com", false],
    ["team-a", "aexample.com", false],
    ["team-a", "two.lab.example.com", false],
    ["team-b", "two.lab.example.com", true],
    ["team-b", "one.lab.example.com", false],
    ["team-c", "one.lab.example.com", true],
    ["team-a", "*.example.com", true],
    ["team-b", "*.lab.example.com", true],
    ["anyone", "open.example.com", true],
  ])("%s may have %s: %s", (namespace, host, expected) => {
    expect(mayHave(namespace, host, storedRouteClass({ hosts }))).toBe(expected);
  });

  it("not when no pattern fits, and not when there is none", () => {
    expect(
      mayHave("a", "b.test", storedRouteClass({ hosts: [{ pattern: "a.test", namespaces: ["*"] }] })),
    ).toBe(false);
    expect(mayHave("a", "a.test", storedRouteClass({}))).toBe(false);
  });
});

describe("a class takes no Route", () => {
  it.each<[string, Partial<RouteSpec>, Partial<ClassSpec>, string]>([
    [
      "without authentication, where it asks for that",
      { auth: { none: {} } },
      { requireAuth: true },
      "spec.auth.none",
    ],
    ["for the platform, when it names none", { auth: { platform: {} } }, {}, "spec.auth.platform"],
    [
      "with keys, when it names no verifier",
      { auth: { apiKey: { secretName: "k" } } },
      {},
      "spec.auth.apiKey",
    ],
    [
      "that asks somewhere else, when it names no verifier to do that",
      { auth: { forward: { url: "https://login.example.com/check" } } },
      {},
      "spec.auth.forward.url",
    ],
    ["with a certificate that nobody issues", { tls: {} }, {}, "spec.tls"],
    [
      "to all runtimes of a pool, when it names no gateway",
      { rules: [poolRule("/jupyter/server/p")] },
      {},
      "spec.rules[].targets[].runtime",
    ],
    ["for a host of others", {}, { hosts: [{ pattern: "*", namespaces: ["team-b"] }] }, "spec.hosts[0]"],
  ])("%s", (_, spec, classSpec, field) => {
    expect(refusal(spec, classSpec)?.message).toMatch(
      new RegExp(`^${field.replaceAll(/[[\].]/g, "\\$&")}: RouteClass "datalayer" `),
    );
  });

  it("but others", () => {
    expect(refusal({})).toBeUndefined();
    expect(refusal({ auth: { target: {} } }, { requireAuth: true })).toBeUndefined();
    expect(refusal({ auth: { forward: { service: { name: "login", port: 80 } } } })).toBeUndefined();
    expect(refusal({ tls: {} }, { issuerRef: { name: "i" } })).toBeUndefined();
  });
});

describe("the runtimes of a pool are led to by their own path alone", () => {
  const runtimeGateway = { service: { name: "gateway", port: 80 } };
  const path = "/jupyter/server/p";

  it.each<[string, RouteSpec["rules"][number], string]>([
    ["another path", poolRule("/labs"), "spec.rules[0].matches[0].path.value"],
    ["that of another pool", poolRule("/jupyter/server/pq"), "spec.rules[0].matches[0].path.value"],
    ["any path", { targets: poolRule(path).targets! }, "spec.rules[0].matches[0].path.value"],
    ["a path that is changed", { ...poolRule(path), rewrite: { prefix: "/labs" } }, "spec.rules[0].rewrite"],
  ])("and not by %s", (_, rule, field) => {
    const { reason, message } = refusal({ rules: [rule] }, { runtimeGateway }) ?? {};
    expect(reason).toBe("InvalidSpec");
    expect(message).toMatch(
      new RegExp(`^${field.replaceAll(/[[\].]/g, "\\$&")}: ".*expected ${path}, or a path below it\\.$`),
    );
  });

  it.each([
    poolRule(path),
    poolRule(`${path}/01hzy3k6p9q8r7s6t5v4w3x2y1`),
    { ...poolRule("/labs"), rewrite: { prefix: path } },
  ])("as with %j", (rule) => {
    expect(refusal({ rules: [rule] }, { runtimeGateway })).toBeUndefined();
  });
});

describe("a text that no data plane may see is refused, though the API server let it pass", () => {
  const rule = (match: NonNullable<RouteSpec["rules"][number]["matches"]>[number]): Partial<RouteSpec> => ({
    rules: [{ matches: [match], targets: [{ service: { name: "a" }, port: 80 }] }],
  });
  const header = (name: string, value: string) => rule({ headers: [{ name, value }] });

  it.each<[string, Partial<RouteSpec>, string]>([
    ["a backtick in a host", { hosts: ["a`) || Host(`b"] }, "spec.hosts[0]"],
    ["an address as a host", { hosts: ["10.0.0.1"] }, "spec.hosts[0]"],
    ["an IPv6 address as a host", { hosts: ["::1"] }, "spec.hosts[0]"],
    ["a host of letters that look like others", { hosts: ["ехample.com"] }, "spec.hosts[0]"],
    ["a host in capitals", { hosts: ["Example.com"] }, "spec.hosts[0]"],
    ["a host with a dot at its end", { hosts: ["example.com."] }, "spec.hosts[0]"],
    ["a host of the cluster", { hosts: ["a.b.svc"] }, "spec.hosts[0]"],
    ["a path with a backtick", rule({ path: { value: "/a`" } }), "spec.rules[0].matches[0].path.value"],
    ["a path that goes up", rule({ path: { value: "/a/../b" } }), "spec.rules[0].matches[0].path.value"],
    [
      "a path with an empty segment",
      rule({ path: { value: "/a//b" } }),
      "spec.rules[0].matches[0].path.value",
    ],
    ["an encoded slash", rule({ path: { value: "/a%2fb" } }), "spec.rules[0].matches[0].path.value"],
    ["a path from nowhere", rule({ path: { value: "a" } }), "spec.rules[0].matches[0].path.value"],
    [
      "an expression with a backtick",
      rule({ path: { type: "Regex", value: "/a`) || Path(`/" } }),
      "spec.rules[0].matches[0].path.value",
    ],
    ["a header value with a quote", header("a", 'b"'), "spec.rules[0].matches[0].headers[0].value"],
    ["a header value of two lines", header("a", "b\r\nc"), "spec.rules[0].matches[0].headers[0].value"],
    ["a header name with a brace", header("{a}", "b"), "spec.rules[0].matches[0].headers[0].name"],
    [
      "a rewrite that goes up",
      { rules: [{ rewrite: { path: "/../" }, targets: [{ service: { name: "a" }, port: 80 }] }] },
      "spec.rules[0].rewrite.path",
    ],
    [
      "a sign-in of another namespace",
      { auth: { forward: { url: "http://a.team-b.svc" } } },
      "spec.auth.forward.url",
    ],
    [
      "keys from the metadata address",
      { auth: { jwt: { issuer: "https://a", audiences: ["a"], jwksUrl: "http://169.254.169.254" } } },
      "spec.auth.jwt.jwksUrl",
    ],
  ])("%s", (_, spec, field) => {
    const { reason, message } = refusal(spec, { verifier: { url: "http://v" } }) ?? {};
    expect(reason).toBe("InvalidSpec");
    expect(message?.startsWith(`${field}: "`)).toBe(true);
    expect(message).not.toMatch(/\n/);
  });
});
