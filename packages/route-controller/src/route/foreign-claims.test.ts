import { HttpRoute } from "@datalayer/shared/crds/gateway-api";
import { RouteClass } from "@datalayer/shared/crds/route-class";
import { IngressRoute } from "@datalayer/shared/crds/traefik";
import { Ingress } from "@datalayer/shared/kube/kinds";
import type { Kind, KubeObject } from "@datalayer/shared/kube/object";
import { describe, expect, it } from "vitest";
import { foreignClaimants, foreignClaimsOf } from "./foreign-claims.ts";
import { managedBy, ownedBy } from "./names.ts";
import { storedRoute } from "../../test/stored-route.ts";

function stored({ apiVersion, kind }: Kind, spec: object, metadata: object = {}): KubeObject {
  const base = { name: "a", namespace: "b", uid: "u", resourceVersion: "1", creationTimestamp: "" };
  return { apiVersion, kind, metadata: { ...base, ...metadata }, spec } as KubeObject;
}

const keysOf = (object: KubeObject): string[] =>
  foreignClaimsOf(object).map(
    ({ host, path: { type, value } }) => `${host} ${{ Exact: "=", Prefix: "^", Regex: "~" }[type]} ${value}`,
  );
const withRule = (match: string, metadata?: object): KubeObject =>
  stored(IngressRoute, { routes: [{ kind: "Rule", match }] }, metadata);

describe("an IngressRoute of others asks for", () => {
  it.each([
    ["every path of its host", "Host(`a.test`)", ["a.test ^ /"]],
    ["a prefix", "Host(`a.test`) && PathPrefix(`/x/`)", ["a.test ^ /x"]],
    ["paths of hosts", "(Host(`a.test`) || Host(`b.test`)) && Path(`/x`)", ["a.test = /x", "b.test = /x"]],
    ["nothing known, when it asks for more", "Host(`a.test`) && Headers(`X`, `y`)", []],
    ["nothing known, when it asks for the opposite", "Host(`a.test`) && !Path(`/x`)", []],
    ["nothing known, without a host", "PathPrefix(`/`)", []],
  ])("%s", (_, rule, expected) => {
    expect(keysOf(withRule(rule))).toEqual(expected);
  });

  it("nothing when it was made of a Route", () => {
    const own = { labels: { [managedBy.label]: managedBy.value }, ownerReferences: [ownedBy(storedRoute())] };
    expect(keysOf(withRule("Host(`a.test`)", own))).toEqual([]);
    expect(keysOf(withRule("Host(`a.test`)", { ...own, labels: {} }))).toHaveLength(1);
  });
});

it("an Ingress of others asks for its hosts and paths", () => {
  const paths = [
    { path: "/x", pathType: "Exact" },
    { path: "/y/", pathType: "Prefix" },
    { pathType: "ImplementationSpecific" },
  ];
  const rules = [{ host: "a.test", http: { paths } }, { host: "b.test" }, { http: { paths } }];
  expect(keysOf(stored(Ingress, { rules }))).toEqual(["a.test = /x", "a.test ^ /y", "a.test ^ /"]);
});

it("an HTTPRoute of others asks for its hosts and matches", () => {
  const matches = [
    { path: { type: "PathPrefix", value: "/x" }, method: "GET", headers: [{ name: "A", value: "1" }] },
    { path: { type: "RegularExpression", value: "/y.*" } },
  ];
  const object = stored(HttpRoute, { hostnames: ["a.test"], rules: [{ matches }, {}] });
  expect(keysOf(object)).toEqual(["a.test ^ /x", "a.test ~ /y.*", "a.test ^ /"]);
  expect(foreignClaimsOf(object)[0]?.match).toMatchObject({ methods: ["GET"], headers: [{ name: "A" }] });
});

describe("of the objects of others, a class of Traefik meets", () => {
  const named = (name: string | undefined): KubeObject =>
    stored(Ingress, { ingressClassName: name, rules: [{ host: "a.test", http: { paths: [{}] } }] });
  const annotated = (name: string): KubeObject =>
    withRule("Host(`a.test`)", { annotations: { "kubernetes.io/ingress.class": name } });

  it.each<[string, string | undefined, KubeObject, boolean]>([
    ["without a class, what has none", undefined, named(undefined), true],
    ["without a class, what has an empty one", undefined, annotated(""), true],
    ["without a class, what is of the class that Traefik's chart makes", undefined, named("traefik"), true],
    ["without a class, not what has another", undefined, annotated("inner"), false],
    ["what has its class", "inner", annotated("inner"), true],
    ["not what has none, when it has one itself", "inner", named(undefined), false],
    ["not what has another", "inner", named("traefik"), false],
  ])("%s", (_, ingressClass, object, expected) => {
    const routeClass = stored(RouteClass, { traefik: ingressClass === undefined ? {} : { ingressClass } });
    const readers = [{ byIndex: () => [object], onChange: () => () => undefined }];
    const claimants = foreignClaimants("a.test ", routeClass as RouteClass, readers);
    expect(claimants).toHaveLength(expected ? 1 : 0);
  });
});
