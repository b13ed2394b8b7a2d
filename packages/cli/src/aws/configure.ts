import { configureAccount } from "../clouder-home/configure.ts";
import type { CommandContext } from "../command/context.ts";
import { awsAccount } from "./account.ts";
import type { ConfigureFlags } from "./options.ts";
import { openSession } from "./session.ts";

/** `clouder aws configure`: stores the access key that clouder signs in with, once AWS accepts it. */
export function configure(context: CommandContext, flags: ConfigureFlags): Promise<void> {
  const secretFile = flags.secretAccessKeyFile;
  return configureAccount(context, awsAccount, { ...flags, secretFile }, async (key) => {
    const session = await openSession(context, key);
    return `as ${(await session.identity()).arn}`;
  });
}
