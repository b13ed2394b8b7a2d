import { describe, expect, it } from "vitest";
import { objectOf, ofKind, render } from "./helm.ts";
import type { Manifest, Pod, SecurityContext } from "./manifests.ts";
import { podsOf } from "./objects.ts";
import { podSecurityFaults } from "./pod-security.ts";
import { allNamespaces, profiles } from "./profiles.ts";
import { rightsFaults } from "./rights.ts";

describe("the check of Pods", () => {
  const pod = (securityContext: SecurityContext): Pod => ({
    ...{ apiVersion: "v1", kind: "Pod", metadata: { name: "p" } },
    spec: { containers: [{ name: "c", image: "i", securityContext }] },
  });
  const context = {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ["ALL"] },
    runAsNonRoot: true,
    runAsUser: 1,
    seccompProfile: { type: "RuntimeDefault" },
  };

  it("finds nothing in one that is restricted", () => {
    expect(podSecurityFaults(pod(context))).toEqual([]);
  });

  it.each([
    ["is privileged", { ...context, privileged: true }],
    ["may gain privileges", { ...context, allowPrivilegeEscalation: undefined }],
    ["keeps capabilities", { ...context, capabilities: { drop: ["ALL"], add: ["NET_ADMIN"] } }],
    ["may be root", { ...context, runAsUser: 0 }],
    ["has no seccomp profile", { ...context, seccompProfile: { type: "Unconfined" } }],
    ["can write to its root file system", { ...context, readOnlyRootFilesystem: false }],
  ])("finds one that %s", (fault, securityContext) => {
    expect(podSecurityFaults(pod(securityContext))).toEqual([`container c: ${fault}`]);
  });
});

describe("the check of rights", () => {
  const role = (rule: object): Manifest => ({
    ...{ apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole", metadata: { name: "r" } },
    ...{ rules: [{ apiGroups: [""], ...rule }] },
  });

  it.each([
    ["has a wildcard", { resources: ["*"], verbs: ["get"] }],
    ["may grant itself more", { resources: ["clusterroles"], verbs: ["bind"] }],
    ["may be somebody else", { resources: ["users"], verbs: ["impersonate"] }],
    ["reaches into Pods", { resources: ["pods/exec"], verbs: ["create"] }],
    ["reaches into nodes", { resources: ["nodes/proxy"], verbs: ["get"] }],
    ["takes tokens of others", { resources: ["serviceaccounts/token"], verbs: ["create"] }],
    ["changes accounts or rights", { resources: ["roles"], verbs: ["patch"] }],
    ["changes what the API server does", { resources: ["customresourcedefinitions"], verbs: ["patch"] }],
    ["starts Pods anywhere", { resources: ["pods"], verbs: ["create"] }],
    ["changes Secrets", { resources: ["secrets"], verbs: ["patch"] }],
    ["reads Secrets anywhere", { resources: ["secrets"], verbs: ["get"] }],
    ["evicts or deletes many at once", { resources: ["pods"], verbs: ["deletecollection"] }],
  ])("finds one that %s", (fault, rule) => {
    expect(rightsFaults([role(rule)])).toEqual([{ role: "ClusterRole r", fault }]);
  });
});

/** It asks for those of one type; rights cannot say that. */
const verifierListsKeys = { role: "Role datalayer-verifier", fault: "lists Secrets" };

describe.each(Object.entries(profiles))("with %s", (_, rendering) => {
  it("Pods are restricted, and rights lead to no more", async () => {
    const objects = await render(rendering);
    expect(podsOf(objects).flatMap(podSecurityFaults)).toEqual([]);
    const faults = rightsFaults(objects).filter(({ role }) => role !== verifierListsKeys.role);
    expect(faults).toEqual([]);
  });
});

describe("rights", () => {
  it("are confined to the namespaces that are watched, but for what has no namespace", async () => {
    const objects = await render(profiles["several namespaces"]);
    const namespaces = (name: string): (string | undefined)[] =>
      ofKind(objects, "Role")
        .filter(({ metadata }) => metadata.name === name)
        .map(({ metadata }) => metadata.namespace);
    expect(namespaces("datalayer-runtime-controller")).toEqual(["team-a", "team-b"]);
    expect(namespaces("datalayer-runtime-controller-own")).toEqual(["datalayer-runtimes"]);
    expect(namespaces("datalayer-verifier")).toEqual(["team-a", "team-b"]);
    expect(namespaces("datalayer-image-controller")).toEqual(["builds-a", "builds-b"]);
    expect(namespaces("datalayer-image-controller-lease")).toEqual(["datalayer-runtimes"]);
    const clusterWide = ofKind(objects, "ClusterRole")
      .filter(({ metadata }) => !/-(view|edit)$/.test(metadata.name))
      .flatMap(({ rules = [] }) =>
        rules.flatMap(({ resources = [], verbs }) => verbs.map((verb) => [verb, ...resources])),
      );
    expect(clusterWide.filter(([verb]) => !["list", "watch"].includes(verb!))).toEqual([
      ["patch", "nodes"],
      ["delete", "nodes"],
      ["create", "route-classes"],
      ["patch", "route-classes/status"],
    ]);
  });

  it("are those of the whole cluster only where all namespaces are watched", async () => {
    const faults = rightsFaults(await render(allNamespaces));
    expect(faults.map(({ role, fault }) => `${role} ${fault}`).toSorted()).toEqual([
      "ClusterRole datalayer-image-controller-all-namespaces reads Secrets anywhere",
      "ClusterRole datalayer-image-controller-all-namespaces starts Pods anywhere",
      "ClusterRole datalayer-runtime-controller-all-namespaces reads Secrets anywhere",
      "ClusterRole datalayer-runtime-controller-all-namespaces starts Pods anywhere",
      "ClusterRole datalayer-verifier-all-namespaces lists Secrets",
      "ClusterRole datalayer-verifier-all-namespaces reads Secrets anywhere",
    ]);
  });

  it("follow the accounts that the administrator names", async () => {
    const objects = await render(profiles["keys and accounts of one's own"]);
    const deployment = objectOf(objects, "Deployment", "datalayer-runtime-controller");
    expect(deployment.spec.template.spec.serviceAccountName).toBe("mine");
    const text = JSON.stringify(objects);
    expect(text).not.toContain("datalayer-operator-sa");
    expect(text).not.toContain("datalayer-route-controller-sa");
    expect(text).toContain(
      'request.userInfo.username == \\"system:serviceaccount:datalayer-runtimes:mine\\"',
    );
    expect(objectOf(objects, "ServiceAccount", "routes").metadata.annotations).toEqual({
      "example.org/role": "r",
    });
    expect(ofKind(objects, "ServiceAccount").map(({ metadata }) => metadata.name)).not.toContain("mine");
  });

  it("of people include all kinds, to read and in namespaces to change", async () => {
    const objects = await render();
    const kinds = ofKind(objects, "CustomResourceDefinition");
    const resourcesOf = (suffix: string): string[] =>
      ofKind(objects, "ClusterRole")
        .filter(({ metadata }) => metadata.name.endsWith(suffix))
        .flatMap(({ rules = [] }) => rules.flatMap(({ resources = [] }) => resources))
        .toSorted();
    const plurals = (some: typeof kinds): string[] => some.map(({ spec }) => spec.names.plural).toSorted();
    expect(resourcesOf("-view")).toEqual(plurals(kinds));
    expect(resourcesOf("-edit")).toEqual(plurals(kinds.filter(({ spec }) => spec.scope === "Namespaced")));
  });
});
