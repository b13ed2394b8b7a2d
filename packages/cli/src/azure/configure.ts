import { configureAccount } from "../clouder-home/configure.ts";
import type { CommandContext } from "../command/context.ts";
import { azureAccount, type ServicePrincipal } from "./account.ts";
import type { ConfigureFlags } from "./options.ts";
import { openSession } from "./session.ts";

/** `clouder azure configure`: stores the service principal that clouder signs in with, once Azure accepts it. */
export function configure(context: CommandContext, flags: ConfigureFlags): Promise<void> {
  const secretFile = flags.clientSecretFile;
  return configureAccount(context, azureAccount, { ...flags, secretFile }, (account) =>
    signIn(context, account),
  );
}

/** Looks at the subscription. */
async function signIn(context: CommandContext, account: ServicePrincipal): Promise<string> {
  const path = `/subscriptions/${account.subscriptionId}?api-version=2022-12-01`;
  const send = await openSession(context, account);
  const { displayName = "" } = (await send({ service: "arm", method: "GET", path })) as {
    displayName?: string;
  };
  return `subscription "${displayName}"`;
}
