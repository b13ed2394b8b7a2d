import { answer } from "../command/answer.ts";
import { CommandError } from "../command/command-error.ts";
import type { CommandContext } from "../command/context.ts";
import {
  type Account,
  type AccountFlags,
  type AccountKind,
  accountOf,
  checkedAccount,
  givenAccount,
  keysOf,
  storeAccount,
  storedAccount,
} from "./account.ts";

/** Flags that every `clouder <cloud> configure` has. */
export interface ConfigureFlags {
  interactive: boolean;
  check: boolean;
}

/** A cloud could not be asked. */
export class CloudUnreachable extends CommandError {
  constructor(message: string, cause?: unknown) {
    super(message, { next: ["is there a way to the internet, or HTTPS_PROXY set? Then try again"], cause });
  }
}

/**
 * Stores the account that clouder signs in with, once its cloud accepts it.
 *
 * @param signIn - answers with what there is to say of it, and rejects with `CloudUnreachable` where nobody can be asked.
 */
export async function configureAccount<Key extends string>(
  context: CommandContext,
  kind: AccountKind<Key>,
  flags: AccountFlags<Key> & ConfigureFlags,
  signIn: (account: Account<Key>) => Promise<string>,
): Promise<void> {
  const isAsking = flags.interactive && context.terminal.isInteractive;
  const account = isAsking ? await ask(context, kind, flags) : await accountOf(context, kind, flags);
  if (flags.check) await check(context, () => signIn(account));
  const path = await storeAccount(context, kind, account);
  context.terminal.tell(
    `Stored in ${path}. What is next:\n  clouder ${kind.cloud} helm-values --cluster CLUSTER   # credentials for the operator`,
  );
}

/** Asks for what is not given; what is stored is the proposal, but for the secret. */
async function ask<Key extends string>(
  context: CommandContext,
  kind: AccountKind<Key>,
  flags: AccountFlags<Key>,
): Promise<Account<Key>> {
  const answers = await givenAccount(context, kind, flags);
  const stored = await storedAccount(context, kind);
  const { input, password } = await import("@inquirer/prompts");
  for (const key of keysOf(kind)) {
    const message = kind.parts[key].question;
    if (answers[key] !== undefined) continue;
    const proposal = stored[key] && { default: stored[key] };
    answers[key] = await answer(context, (asking) =>
      key === kind.secret
        ? password({ message, mask: true }, asking)
        : input({ message, required: true, ...proposal }, asking),
    );
  }
  return checkedAccount(kind, answers);
}

/** Where the cloud cannot be reached, that is said and no error. */
async function check({ terminal }: CommandContext, signIn: () => Promise<string>): Promise<void> {
  try {
    terminal.tell(`Signed in; ${await signIn()}.`);
  } catch (error) {
    if (!(error instanceof CloudUnreachable)) throw error;
    terminal.tell(
      `${terminal.paint("yellow", "Warning:")} ${error.message}; the credentials are not checked`,
    );
  }
}
