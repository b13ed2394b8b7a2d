import type { CommandContext } from "../command/context.ts";
import {
  type Account,
  accountKeys,
  accountOf,
  checkedAccount,
  givenAccount,
  storeAccount,
  storedAccount,
} from "./account.ts";
import type { ConfigureFlags } from "./options.ts";
import { AzureUnreachable, openSession } from "./session.ts";

/** `clouder azure configure`: stores the service principal that clouder signs in with, once Azure accepts it. */
export async function configure(context: CommandContext, flags: ConfigureFlags): Promise<void> {
  const isAsking = flags.interactive && context.terminal.isInteractive;
  const account = isAsking ? await ask(context, flags) : await accountOf(context, flags);
  if (flags.check) await check(context, account);
  const path = await storeAccount(context, account);
  context.terminal.tell(
    `Stored in ${path}. What is next:\n  clouder azure helm-values --cluster CLUSTER   # credentials for the operator`,
  );
}

const questions: Readonly<Record<keyof Account, string>> = {
  subscriptionId: "Subscription id:",
  tenantId: "Tenant id:",
  clientId: "Client id of the service principal:",
  clientSecret: "Its secret:",
};

/** Asks for what is not given; what is stored is the proposal, but for the secret. */
async function ask(context: CommandContext, flags: ConfigureFlags): Promise<Account> {
  const answers = await givenAccount(context, flags);
  const stored = await storedAccount(context);
  const { input, password } = await import("@inquirer/prompts");
  const options = { output: process.stderr, signal: context.signal };
  for (const key of accountKeys) {
    const message = questions[key];
    if (answers[key] !== undefined) continue;
    answers[key] =
      key === "clientSecret"
        ? await password({ message, mask: true }, options)
        : await input({ message, required: true, ...(stored[key] && { default: stored[key] }) }, options);
  }
  return checkedAccount(answers);
}

/** Signs in and looks at the subscription. Where Azure cannot be reached, that is said and no error. */
async function check(context: CommandContext, account: Account): Promise<void> {
  const { terminal } = context;
  const path = `/subscriptions/${account.subscriptionId}?api-version=2022-12-01`;
  try {
    const send = await openSession(context, account);
    const { displayName = "" } = (await send({ service: "arm", method: "GET", path })) as {
      displayName?: string;
    };
    terminal.tell(`Signed in; subscription "${displayName}".`);
  } catch (error) {
    if (!(error instanceof AzureUnreachable)) throw error;
    terminal.tell(
      `${terminal.paint("yellow", "Warning:")} ${error.message}; the credentials are not checked`,
    );
  }
}
