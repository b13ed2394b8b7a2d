import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { accountOf } from "../clouder-home/account.ts";
import type { AzureValues } from "../clouder-home/cloud-values.ts";
import { clusterPath } from "../clouder-home/paths.ts";
import { readCloudValues } from "../clouder-home/read-values.ts";
import { outputOf, writeCloudValues } from "../clouder-home/write-values.ts";
import { usageError } from "../command/command-error.ts";
import type { CommandContext } from "../command/context.ts";
import { azureAccount, type ServicePrincipal } from "./account.ts";
import type { HelmValuesFlags } from "./options.ts";
import { addSecret, ensurePrincipal, ensureRole } from "./principal.ts";
import { AzureRefusal, openSession } from "./session.ts";

/** `clouder azure helm-values`: writes the values with which the operator signs in to Azure. */
export async function helmValues(context: CommandContext, flags: HelmValuesFlags): Promise<void> {
  const output = outputOf(context, "azure", flags);
  const account = await accountOf(context, azureAccount, { ...flags, secretFile: flags.clientSecretFile });
  const resourceGroup = await resourceGroupOf(context, flags);
  const isOwn = flags.createSp && flags.clientId === undefined;
  const target = { account, resourceGroup, output };
  const values = isOwn ? await ownPrincipal(context, flags, target) : { ...account, resourceGroup };
  const { tenantId, clientId, clientSecret, subscriptionId } = values;
  const azure = { tenantId, clientId, clientSecret, subscriptionId, resourceGroup };
  await writeCloudValues(context, output, { azure });
}

/** Where values go, and what they are made with. */
interface Target {
  account: ServicePrincipal;
  resourceGroup: string;
  output: string;
}

/** Values with a service principal that the operator has for itself, and that may manage machines alone. */
async function ownPrincipal(
  context: CommandContext,
  { cluster, reuseSpOnly = false }: HelmValuesFlags,
  { account, resourceGroup, output }: Target,
): Promise<AzureValues> {
  const { terminal } = context;
  const name = cluster === undefined ? "datalayer-operator" : `datalayer-operator-${cluster}`;
  const send = await openSession(context, account);
  const principal = await ensurePrincipal(send, { name, canCreate: !reuseSpOnly });
  terminal.tell(`Service principal ${name} (${principal.clientId}), for resource group ${resourceGroup}`);
  await ensureRole(send, principal, { subscriptionId: account.subscriptionId, resourceGroup });
  const { tenantId, subscriptionId } = account;
  const base = { tenantId, clientId: principal.clientId, subscriptionId, resourceGroup };
  const kept = await secretThatWorks(context, output, base);
  if (kept === undefined) terminal.tell("It has a new secret; older ones are good until they expire.");
  return {
    ...base,
    clientSecret: kept ?? (await addSecret(send, principal, `clouder ${cluster ?? ""}`.trim())),
  };
}

/** The secret of an earlier call, if Azure accepts it still: a second call changes nothing. */
async function secretThatWorks(
  context: CommandContext,
  output: string,
  { tenantId, clientId, subscriptionId }: Omit<AzureValues, "clientSecret">,
): Promise<string | undefined> {
  if (output === "-" || !existsSync(output)) return undefined;
  const { values } = await readCloudValues("azure", output);
  const { azure } = values.operator.cloudCredentials;
  if (azure?.clientId !== clientId) return undefined;
  const { clientSecret } = azure;
  const path = `/subscriptions/${subscriptionId}?api-version=2022-12-01`;
  try {
    const send = await openSession(context, { tenantId, clientId, clientSecret });
    await send({ service: "arm", method: "GET", path });
  } catch (error) {
    if (!(error instanceof AzureRefusal)) throw error;
    // Whoever may not look at the subscription has signed in.
    if (error.status === 401) return undefined;
  }
  return clientSecret;
}

/** That of the flag, else that in which the cluster was made. */
async function resourceGroupOf(
  context: CommandContext,
  { cluster, resourceGroup }: HelmValuesFlags,
): Promise<string> {
  const found = resourceGroup ?? (cluster === undefined ? undefined : await recordedGroup(context, cluster));
  if (found !== undefined && /^[-\w.()]{1,90}$/.test(found) && !found.endsWith(".")) return found;
  const shown = found === undefined ? "is not given" : `"${found}"`;
  throw usageError(
    `--resource-group: ${shown}: expected the name of a resource group: letters, digits, and -_.(), at most 90`,
  );
}

async function recordedGroup(context: CommandContext, cluster: string): Promise<string | undefined> {
  const path = clusterPath(context, cluster);
  if (!existsSync(path)) return undefined;
  try {
    const record = JSON.parse(await readFile(path, "utf8")) as Readonly<Record<string, unknown>>;
    const group = record["resource_group"] ?? record["resourceGroup"];
    return typeof group === "string" ? group : undefined;
  } catch (error) {
    if (error instanceof SyntaxError)
      throw usageError(`${path}: expected JSON`, "or say: --resource-group NAME");
    throw error;
  }
}
