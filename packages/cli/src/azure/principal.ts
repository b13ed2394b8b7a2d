import { createHash } from "node:crypto";
import { CommandError } from "../command/command-error.ts";
import { AzureRefusal, type AzureSession } from "./session.ts";

/** The operator's own service principal. */
export interface Principal {
  /** Of its application, in Microsoft Graph. */
  applicationId: string;
  /** By which it signs in. */
  clientId: string;
  /** To which roles are assigned. */
  principalId: string;
}

/** May manage scale sets and machines, and nothing else: the built-in role "Virtual Machine Contributor". */
const roleId = "9980e02c-c2be-4d73-94e8-173b1dc7cf3c";

/** Finds the service principal of a name, or creates it, with its application. It can be repeated. */
export async function ensurePrincipal(
  send: AzureSession,
  { name, canCreate }: { name: string; canCreate: boolean },
): Promise<Principal> {
  const application =
    (await findApplication(send, name)) ?? (canCreate && (await createApplication(send, name)));
  if (!application) {
    throw new CommandError(`there is no service principal "${name}" to reuse`, {
      next: ["without --reuse-sp-only one is created"],
    });
  }
  const { id: applicationId, appId: clientId } = application;
  const path = `/v1.0/servicePrincipals?$select=id&$filter=${encodeURIComponent(`appId eq '${clientId}'`)}`;
  const { value } = (await send({ service: "graph", method: "GET", path })) as { value: { id: string }[] };
  const { id: principalId } = value[0] ?? (await createPrincipal(send, clientId));
  return { applicationId, clientId, principalId };
}

interface Application {
  id: string;
  appId: string;
}

async function findApplication(send: AzureSession, name: string): Promise<Application | undefined> {
  const filter = encodeURIComponent(`displayName eq '${name.replaceAll("'", "''")}'`);
  const path = `/v1.0/applications?$select=id,appId&$filter=${filter}`;
  const { value } = (await send({ service: "graph", method: "GET", path })) as { value: Application[] };
  if (value.length > 1) {
    const ids = value.map(({ appId }) => appId).join(", ");
    throw new CommandError(`there are ${value.length} applications "${name}": ${ids}`, {
      next: ["delete all but one, or name the one to use: --client-id ID --client-secret-file FILE"],
    });
  }
  return value[0];
}

async function createApplication(send: AzureSession, displayName: string): Promise<Application> {
  const body = { displayName, signInAudience: "AzureADMyOrg" };
  return (await send({ service: "graph", method: "POST", path: "/v1.0/applications", body })) as Application;
}

async function createPrincipal(send: AzureSession, appId: string): Promise<{ id: string }> {
  const call = {
    service: "graph",
    method: "POST",
    path: "/v1.0/servicePrincipals",
    body: { appId },
  } as const;
  return (await send(call)) as { id: string };
}

/** Lets a service principal scale the machines of a resource group. It can be repeated. */
export async function ensureRole(
  send: AzureSession,
  { principalId }: Principal,
  where: { subscriptionId: string; resourceGroup: string },
): Promise<void> {
  const subscription = `/subscriptions/${where.subscriptionId}`;
  const scope = `${subscription}/resourceGroups/${encodeURIComponent(where.resourceGroup)}`;
  const provider = "providers/Microsoft.Authorization";
  const name = uuidOf(`${scope.toLowerCase()} ${principalId} ${roleId}`);
  const path = `${scope}/${provider}/roleAssignments/${name}?api-version=2022-04-01`;
  const properties = {
    roleDefinitionId: `${subscription}/${provider}/roleDefinitions/${roleId}`,
    principalId,
    // Without it, Azure looks for the principal, which is not everywhere yet when it is new.
    principalType: "ServicePrincipal",
  };
  try {
    await send({ service: "arm", method: "PUT", path, body: { properties } });
  } catch (error) {
    // Somebody assigned it by another name.
    if (!(error instanceof AzureRefusal && error.code === "RoleAssignmentExists")) throw error;
  }
}

/** Gives a service principal one more secret; it cannot be read again. */
export async function addSecret(
  send: AzureSession,
  principal: Principal,
  displayName: string,
): Promise<string> {
  const path = `/v1.0/applications/${principal.applicationId}/addPassword`;
  const body = { passwordCredential: { displayName } };
  const { secretText } = (await send({ service: "graph", method: "POST", path, body })) as {
    secretText: string;
  };
  return secretText;
}

/** The same UUID for the same text: what is assigned twice is assigned once. */
function uuidOf(text: string): string {
  const hex = createHash("sha256").update(text).digest("hex");
  const parts = [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `a${hex.slice(17, 20)}`];
  return [...parts, hex.slice(20, 32)].join("-");
}
