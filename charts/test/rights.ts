import { ofKind } from "./helm.ts";
import type { Manifest, PolicyRule, Role } from "./manifests.ts";

/** Something about a right that an attacker who got hold of it would like. */
export interface Finding {
  role: string;
  fault: string;
}

interface Scope {
  isClusterWide: boolean;
}

type Check = (rule: PolicyRule, scope: Scope) => boolean;

const verbsOf = ({ verbs }: PolicyRule): string[] => verbs;
const hasAny = (given: readonly string[] | undefined, wanted: readonly string[]): boolean =>
  wanted.some((one) => given?.includes(one));
const writes = ["create", "update", "patch", "delete", "deletecollection"];
const touches = (rule: PolicyRule, resources: readonly string[], verbs: readonly string[]): boolean =>
  hasAny(rule.resources, resources) && hasAny(verbsOf(rule), verbs);

/** After the policies of rbac-police and KubiScan: the rights by which somebody becomes somebody else, or everybody. */
const checks: Readonly<Record<string, Check>> = {
  "has a wildcard": (rule) =>
    [rule.apiGroups, rule.resources, rule.verbs, rule.nonResourceURLs].some((list) => list?.includes("*")),
  "may grant itself more": (rule) => hasAny(verbsOf(rule), ["escalate", "bind"]),
  "may be somebody else": (rule) => hasAny(verbsOf(rule), ["impersonate"]),
  "may approve certificates": (rule) =>
    hasAny(verbsOf(rule), ["approve", "sign"]) ||
    touches(rule, ["certificatesigningrequests", "certificatesigningrequests/approval"], writes),
  "reaches into Pods": (rule) =>
    hasAny(rule.resources, [
      "pods/exec",
      "pods/attach",
      "pods/portforward",
      "pods/proxy",
      "pods/ephemeralcontainers",
      "services/proxy",
    ]),
  "reaches into nodes": (rule) =>
    hasAny(rule.resources, ["nodes/proxy", "nodes/exec", "nodes/log", "nodes/status"]),
  "takes tokens of others": (rule) => hasAny(rule.resources, ["serviceaccounts/token"]),
  "changes accounts or rights": (rule) =>
    touches(
      rule,
      ["serviceaccounts", "roles", "rolebindings", "clusterroles", "clusterrolebindings"],
      writes,
    ),
  "changes what the API server does": (rule) =>
    touches(
      rule,
      [
        "mutatingwebhookconfigurations",
        "validatingwebhookconfigurations",
        "mutatingadmissionpolicies",
        "validatingadmissionpolicies",
        "validatingadmissionpolicybindings",
        "customresourcedefinitions",
        "apiservices",
      ],
      writes,
    ),
  "changes namespaces or volumes of nodes": (rule) =>
    touches(rule, ["namespaces", "persistentvolumes"], writes),
  "starts Pods by others": (rule) =>
    touches(rule, ["deployments", "daemonsets", "statefulsets", "replicasets", "cronjobs"], writes),
  "starts Pods anywhere": (rule, { isClusterWide }) =>
    isClusterWide && touches(rule, ["pods", "jobs"], ["create"]),
  "changes Secrets": (rule) =>
    touches(
      rule,
      ["secrets"],
      writes.filter((verb) => verb !== "create"),
    ),
  "lists Secrets": (rule) => touches(rule, ["secrets"], ["list", "watch"]),
  "reads Secrets anywhere": (rule, { isClusterWide }) =>
    isClusterWide && touches(rule, ["secrets"], ["get", "list", "watch"]),
  "evicts or deletes many at once": (rule) =>
    hasAny(verbsOf(rule), ["deletecollection"]) || hasAny(rule.resources, ["pods/eviction"]),
};

/** What there is to say against the rights of the operator's own accounts. Those of people are not among them. */
export function rightsFaults(objects: readonly Manifest[]): Finding[] {
  const roles = [...ofKind(objects, "Role"), ...ofKind(objects, "ClusterRole")];
  return roles
    .filter(({ metadata }) => !/-(view|edit)$/.test(metadata.name))
    .flatMap((role) => (role.rules ?? []).flatMap((rule) => faultsOf(rule, role)));
}

function faultsOf(rule: PolicyRule, { kind, metadata }: Role): Finding[] {
  const scope = { isClusterWide: kind === "ClusterRole" };
  return Object.entries(checks)
    .filter(([, check]) => check(rule, scope))
    .map(([fault]) => ({ role: `${kind} ${metadata.name}`, fault }));
}
