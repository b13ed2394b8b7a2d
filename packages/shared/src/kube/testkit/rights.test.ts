import { describe, expect, it } from "vitest";
import { type Asked, compareRights, type RbacObject } from "./rights.ts";

const namespace = "ours";
const subjects = [{ kind: "ServiceAccount", name: "worker", namespace }];

/** A role in a namespace, or with `undefined` in all, that the account `worker` has. */
function granting(
  rule: NonNullable<RbacObject["rules"]>[number],
  inside?: string,
  name = "work",
): RbacObject[] {
  const [kind, binding] =
    inside === undefined ? ["ClusterRole", "ClusterRoleBinding"] : ["Role", "RoleBinding"];
  const metadata = { name, ...(inside !== undefined && { namespace: inside }) };
  return [
    { kind, metadata, rules: [rule] },
    { kind: binding, metadata, roleRef: { kind, name }, subjects },
  ];
}

const podsRule = { apiGroups: [""], resources: ["pods"], verbs: ["list"] };

/** By default, the account lists the Pods of its namespace, which is allowed. */
function asked(more: Partial<Asked>): Asked {
  const act = { account: "worker", verb: "list", resource: "pods", namespace, name: undefined };
  return { ...act, isRefused: false, hasCreated: false, ...more };
}

const unused = (rbac: readonly RbacObject[], ...requests: Asked[]): string[] =>
  compareRights(rbac, requests, namespace).unused;

describe("a right", () => {
  it("is used by a request that it allows", () => {
    expect(unused(granting(podsRule, namespace), asked({}))).toEqual([]);
    expect(unused(granting(podsRule), asked({}))).toEqual([]);
  });

  it.each([
    ["another verb", asked({ verb: "watch" })],
    ["another resource", asked({ resource: "services" })],
    ["a resource of another group", asked({ resource: "metrics.k8s.io/pods" })],
    ["a part of the resource", asked({ resource: "pods/status" })],
    ["another namespace", asked({ namespace: "theirs" })],
    ["all namespaces", asked({ namespace: undefined })],
    ["another account", asked({ account: "other" })],
    ["a refusal", asked({ isRefused: true })],
  ])("is not used by a request for %s", (_, request) => {
    expect(unused(granting(podsRule, namespace), request)).toEqual(["work: list pods"]);
  });

  it("on names is used once for each name", () => {
    const rule = { ...podsRule, verbs: ["get"], resourceNames: ["a", "b"] };
    expect(unused(granting(rule, namespace), asked({ verb: "get", name: "a" }))).toEqual([
      "work: get pods b",
    ]);
  });

  it("to create is used by an apply that created", () => {
    const rbac = granting({ ...podsRule, verbs: ["create", "patch"] }, namespace);
    expect(unused(rbac, asked({ verb: "patch" }))).toEqual(["work: create pods"]);
    expect(unused(rbac, asked({ verb: "patch", hasCreated: true }))).toEqual([]);
  });

  it("in one namespace is not used by what the same right in another one allows", () => {
    const rbac = [...granting(podsRule, namespace), ...granting(podsRule, "theirs", "more")];
    expect(unused(rbac, asked({}))).toEqual(["more: list pods"]);
  });

  it("in all namespaces, or on all names, is not used by what a narrower one allows", () => {
    const everywhere = granting({ ...podsRule, verbs: ["get"] }, undefined, "everywhere");
    const one = granting({ ...podsRule, verbs: ["get"], resourceNames: ["a"] }, namespace, "one");
    const inOurs = granting({ ...podsRule, verbs: ["get"] }, namespace);
    const rbac = [...everywhere, ...one, ...inOurs];
    const get = (name: string) => asked({ verb: "get", name });
    expect(unused(rbac, get("a"))).toEqual(["everywhere: get pods", "work: get pods"]);
    expect(unused(rbac, get("a"), get("b"))).toEqual(["everywhere: get pods"]);
  });
});

describe("a request that is refused", () => {
  it("is told of by its account", () => {
    const request = asked({ verb: "delete", name: "a", isRefused: true });
    expect(compareRights([], [request], namespace).refused).toEqual(["worker: delete pods a"]);
  });
});
