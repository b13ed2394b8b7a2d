import { describe, expect, it } from "vitest";
import { compareRights, type RbacObject } from "./deployment-rights.ts";

const namespace = "ours";
const subjects = [{ kind: "ServiceAccount", name: "worker", namespace }];

/** A role in a namespace, or with `undefined` in all, that the account `worker` has. */
function granting(rule: NonNullable<RbacObject["rules"]>[number], inside?: string): RbacObject[] {
  const [kind, binding] =
    inside === undefined ? ["ClusterRole", "ClusterRoleBinding"] : ["Role", "RoleBinding"];
  const metadata = { name: "work", ...(inside !== undefined && { namespace: inside }) };
  return [
    { kind, metadata, rules: [rule] },
    { kind: binding, metadata, roleRef: { kind, name: "work" }, subjects },
  ];
}

const podsRule = { apiGroups: [""], resources: ["pods"], verbs: ["list"] };

/** A line of the log: by default, the account lists the Pods of its namespace, which is allowed. */
function line(more: {
  objectRef?: object;
  verb?: string;
  code?: number;
  decision?: string;
  user?: string;
}): string {
  const { verb = "list", code = 200, decision = "allow", user = "worker" } = more;
  return JSON.stringify({
    verb,
    user: { username: `system:serviceaccount:${namespace}:${user}` },
    objectRef: { resource: "pods", namespace, ...more.objectRef },
    responseStatus: { code },
    annotations: { "authorization.k8s.io/decision": decision },
  });
}

const unused = (rbac: readonly RbacObject[], ...lines: string[]): string[] =>
  compareRights(rbac, `${lines.join("\n")}\n`, namespace).unused;

describe("a right", () => {
  it("is used by a request that it allows", () => {
    expect(unused(granting(podsRule, namespace), line({}))).toEqual([]);
    expect(unused(granting(podsRule), line({}))).toEqual([]);
  });

  it.each([
    ["another verb", line({ verb: "watch" })],
    ["another resource", line({ objectRef: { resource: "services" } })],
    ["a resource of another group", line({ objectRef: { apiGroup: "metrics.k8s.io" } })],
    ["a part of the resource", line({ objectRef: { subresource: "status" } })],
    ["another namespace", line({ objectRef: { namespace: "theirs" } })],
    ["all namespaces", line({ objectRef: { namespace: undefined } })],
    ["another account", line({ user: "other" })],
    ["a refusal", line({ decision: "forbid", code: 403 })],
  ])("is not used by a request for %s", (_, request) => {
    expect(unused(granting(podsRule, namespace), request)).toEqual(["work: list pods"]);
  });

  it("on names is used once for each name", () => {
    const rule = { ...podsRule, verbs: ["get"], resourceNames: ["a", "b"] };
    const request = line({ verb: "get", objectRef: { name: "a" } });
    expect(unused(granting(rule, namespace), request)).toEqual(["work: get pods b"]);
  });

  it("to create is used by an apply that created", () => {
    const rbac = granting({ ...podsRule, verbs: ["create", "patch"] }, namespace);
    expect(unused(rbac, line({ verb: "patch", code: 200 }))).toEqual(["work: create pods"]);
    expect(unused(rbac, line({ verb: "patch", code: 201 }))).toEqual([]);
  });
});

describe("a request that is refused", () => {
  it("is told of by its account", () => {
    const log = line({ verb: "delete", decision: "forbid", code: 403, objectRef: { name: "a" } });
    expect(compareRights([], log, namespace).refused).toEqual(["worker: delete pods a"]);
  });
});
