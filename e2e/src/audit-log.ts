import { type Asked, qualified } from "@datalayer/shared/kube/testkit/rights";

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

/** What the accounts of a namespace asked for by the API server's audit log. */
export function readAuditLog(log: string, accountNamespace: string): Asked[] {
  const prefix = `system:serviceaccount:${accountNamespace}:`;
  return log
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as AuditEvent)
    .filter(({ user }) => user.username.startsWith(prefix))
    .flatMap((event) => askedBy(event, event.user.username.slice(prefix.length)));
}

function askedBy({ verb, objectRef, responseStatus, annotations }: AuditEvent, account: string): Asked[] {
  const decision = annotations?.["authorization.k8s.io/decision"];
  if (objectRef === undefined || decision === undefined) return [];
  const { apiGroup, resource = "", subresource, namespace, name } = objectRef;
  const whole = subresource === undefined ? resource : `${resource}/${subresource}`;
  const act = { account, verb, resource: qualified(apiGroup, whole), namespace, name };
  return [{ ...act, isRefused: decision === "forbid", hasCreated: responseStatus?.code === 201 }];
}
