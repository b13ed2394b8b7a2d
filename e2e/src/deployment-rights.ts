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

/** What an event of the API server's audit log says, as far as rights go. */
interface AuditEvent {
  verb: string;
  user: { username: string };
  objectRef?: {
    apiGroup?: string;
    resource?: string;
    subresource?: string;
    namespace?: string;
    name?: string;
  };
  responseStatus?: { code: number };
  annotations?: Readonly<Record<string, string>>;
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

/** Compares the rights that accounts of a namespace have by roles with what an audit log says that they did. */
export function compareRights(
  rbac: readonly RbacObject[],
  auditLog: string,
  accountNamespace: string,
): Comparison {
  const prefix = `system:serviceaccount:${accountNamespace}:`;
  const events = auditLog
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as AuditEvent)
    .filter(({ user, objectRef }) => user.username.startsWith(prefix) && objectRef !== undefined);
  const acts = (decision: string): Act[] =>
    events
      .filter(({ annotations }) => annotations?.["authorization.k8s.io/decision"] === decision)
      .flatMap((event) => actsOf(event, event.user.username.slice(prefix.length)));
  const used = acts("allow");
  const grants = grantsOf(rbac, accountNamespace);
  const unused = grants.filter((grant) => !used.some((act) => allows(grant, act)));
  const shown = (some: readonly Grant[]): string[] => distinct(some.map((one) => described(one.role, one)));
  return {
    refused: distinct(acts("forbid").map((act) => described(act.account, act))),
    unused: shown(unused),
    granted: shown(grants),
  };
}

/** What a request took: an apply that makes an object takes the right to create it as well. */
function actsOf({ verb, objectRef = {}, responseStatus }: AuditEvent, account: string): Act[] {
  const { apiGroup, resource = "", subresource, namespace, name } = objectRef;
  const whole = subresource === undefined ? resource : `${resource}/${subresource}`;
  const act = { account, verb, resource: qualified(apiGroup, whole), namespace, name };
  const isCreated = verb === "patch" && responseStatus?.code === 201;
  return isCreated ? [act, { ...act, verb: "create" }] : [act];
}

const qualified = (group: string | undefined, resource: string): string =>
  group ? `${group}/${resource}` : resource;

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

function described(who: string, { verb, resource, name }: Act): string {
  return `${who}: ${[verb, resource, name].filter((part) => part !== undefined).join(" ")}`;
}

const distinct = (texts: readonly string[]): string[] => [...new Set(texts)].toSorted();
