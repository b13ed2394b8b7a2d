import type { ProxiedRequest } from "@datalayer/devcluster/testkit/fault-proxy";

/** A role, or what binds one to accounts, of Kubernetes. */
export interface RbacObject {
  kind: string;
  metadata: { name: string; namespace?: string };
  rules?: {
    apiGroups?: string[];
    resources?: string[];
    resourceNames?: string[];
    verbs: string[];
  }[];
  roleRef?: { kind: string; name: string };
  subjects?: { kind: string; name: string; namespace?: string }[];
}

/** One verb on one resource, by one account. */
interface Act {
  account: string;
  verb: string;
  /** With its group and its subresource, as in `pods/log` and `datalayer.io/routes`. */
  resource: string;
  /** Undefined: all of them, or none where the resource has none. */
  namespace: string | undefined;
  /** Undefined: all of them, or not known before, as with create. */
  name: string | undefined;
}

/** What an account asked of the API server. */
export interface Asked extends Act {
  /** Whether it was refused for want of a right. */
  isRefused: boolean;
  /** Whether it was answered with 201: an apply that makes an object takes the right to create it as well. */
  hasCreated: boolean;
}

/** An act that a role allows. */
interface Grant extends Act {
  role: string;
}

/** How the rights of accounts compare to what the accounts did. */
export interface Comparison {
  /** Acts that were refused, as `<account>: <verb> <resource>[ <name>]`. */
  refused: string[];
  /** Rights that nobody used, as `<role>: <verb> <resource>[ <name>]`. */
  unused: string[];
  /** All rights, in the same form. */
  granted: string[];
}

/**
 * Compares the rights that accounts of a namespace have by roles with what they did. What two roles allow is held to be
 * done by the narrower one: the other has to be of use by itself.
 */
export function compareRights(
  rbac: readonly RbacObject[],
  asked: readonly Asked[],
  accountNamespace: string,
): Comparison {
  const grants = grantsOf(rbac, accountNamespace);
  const used = new Set(
    distinctActs(asked.filter(({ isRefused }) => !isRefused).flatMap(actsOf)).flatMap((act) =>
      narrowest(grants.filter((grant) => allows(grant, act))),
    ),
  );
  const shown = (some: readonly Grant[]): string[] => distinct(some.map((one) => described(one.role, one)));
  return {
    refused: distinct(asked.filter(({ isRefused }) => isRefused).map((act) => described(act.account, act))),
    unused: shown(grants.filter((grant) => !used.has(grant))),
    granted: shown(grants),
  };
}

/** What an account asked for through a fault proxy. */
export function askedThroughProxy(log: readonly ProxiedRequest[], account: string): Asked[] {
  return log
    .filter(({ resource, upstreamStatus }) => resource !== "" && upstreamStatus !== undefined)
    .map(({ verb, group, resource, namespace, name, url, upstreamStatus = 0 }) => ({
      account,
      verb,
      resource: qualified(group, resource),
      namespace,
      name: name ?? nameSelectedBy(url),
      isRefused: upstreamStatus === 401 || upstreamStatus === 403,
      hasCreated: upstreamStatus === 201,
    }));
}

/** Of lists and watches of one object, which rights on its name allow. */
function nameSelectedBy(url: string): string | undefined {
  const selector = new URLSearchParams(url.split("?")[1] ?? "").get("fieldSelector") ?? "";
  return /(?:^|,)metadata\.name=([^,]+)/.exec(selector)?.[1];
}

/** A resource with its group; that of the core has none. */
export function qualified(group: string | undefined, resource: string): string {
  return group ? `${group}/${resource}` : resource;
}

function actsOf({ hasCreated, ...asked }: Asked): Act[] {
  const act: Act & Partial<Asked> = { ...asked };
  delete act.isRefused;
  return act.verb === "patch" && hasCreated ? [act, { ...act, verb: "create" }] : [act];
}

function distinctActs(acts: readonly Act[]): Act[] {
  return [...new Map(acts.map((act) => [JSON.stringify(act), act])).values()];
}

function grantsOf(rbac: readonly RbacObject[], accountNamespace: string): Grant[] {
  return rbac.flatMap(({ kind, metadata, roleRef, subjects = [] }) => {
    const accounts = subjects.filter(
      (one) => one.kind === "ServiceAccount" && one.namespace === accountNamespace,
    );
    const role = rbac.find(
      (one) =>
        one.kind === roleRef?.kind &&
        one.metadata.name === roleRef.name &&
        (one.kind === "ClusterRole" || one.metadata.namespace === metadata.namespace),
    );
    const namespace = kind === "RoleBinding" ? metadata.namespace : undefined;
    return accounts.flatMap(({ name }) => (role ? grantsOfRole(role, name, namespace) : []));
  });
}

function grantsOfRole(role: RbacObject, account: string, namespace: string | undefined): Grant[] {
  return (role.rules ?? []).flatMap(({ apiGroups = [], resources = [], resourceNames, verbs }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((resource) =>
        verbs.flatMap((verb) =>
          (resourceNames ?? [undefined]).map((name) => {
            return {
              account,
              verb,
              resource: qualified(group, resource),
              namespace,
              name,
              role: role.metadata.name,
            };
          }),
        ),
      ),
    ),
  );
}

function allows(grant: Grant, act: Act): boolean {
  return (
    (["account", "verb", "resource"] as const).every((key) => grant[key] === act[key]) &&
    (["namespace", "name"] as const).every((key) => grant[key] === undefined || grant[key] === act[key])
  );
}

/** Those for one object before those for all of a namespace, and these before those for all of the cluster. */
function narrowest(grants: readonly Grant[]): Grant[] {
  const breadth = ({ namespace, name }: Grant): number =>
    (namespace === undefined ? 2 : 0) + (name === undefined ? 1 : 0);
  const least = Math.min(...grants.map(breadth));
  return grants.filter((grant) => breadth(grant) === least);
}

function described(who: string, { verb, resource, name }: Act): string {
  return `${who}: ${[verb, resource, name].filter((part) => part !== undefined).join(" ")}`;
}

const distinct = (texts: readonly string[]): string[] => [...new Set(texts)].toSorted();
