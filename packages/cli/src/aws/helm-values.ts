import { existsSync } from "node:fs";
import { accountOf } from "../clouder-home/account.ts";
import { readCloudValues } from "../clouder-home/read-values.ts";
import { outputOf, writeCloudValues } from "../clouder-home/write-values.ts";
import { usageError } from "../command/command-error.ts";
import type { CommandContext } from "../command/context.ts";
import { type AccessKey, awsAccount } from "./account.ts";
import type { HelmValuesFlags } from "./options.ts";
import { type AwsSession, isBadKey, openSession } from "./session.ts";
import { activeKeys, addKey, allowScaling, ensureUser } from "./user.ts";

/** `clouder aws helm-values`: writes the values with which the operator signs in to AWS. */
export async function helmValues(context: CommandContext, flags: HelmValuesFlags): Promise<void> {
  const output = outputOf(context, "aws", flags);
  const isOwn = flags.createUser && flags.accessKeyId === undefined;
  const group = isOwn ? groupOf(flags) : "";
  const secretFile = flags.secretAccessKeyFile;
  const account = await accountOf(context, awsAccount, { ...flags, secretFile });
  const { accessKeyId, secretAccessKey, region } = isOwn
    ? await ownKey(context, flags, { account, group, output })
    : account;
  await writeCloudValues(context, output, {
    aws: { accessKeyId, secretAccessKey, defaultRegion: region },
  });
}

function groupOf({ group }: HelmValuesFlags): string {
  // What AWS takes for a name, but for what a policy would read as a pattern.
  if (group !== undefined && /^[\w.+=,@/ -]{1,255}$/.test(group)) return group;
  const shown = group === undefined ? "is not given" : `"${group}"`;
  throw usageError(
    `--group: ${shown}: expected the name of an Auto Scaling group: letters, digits, spaces and _.+=,@/-, at most 255`,
    "or have the operator sign in as clouder does: --no-create-user",
  );
}

/** Where values go, and what they are made with. */
interface Target {
  account: AccessKey;
  group: string;
  output: string;
}

/** An access key of a user that the operator has for itself, and that may scale one group alone. */
async function ownKey(
  context: CommandContext,
  { cluster, reuseUserOnly = false }: HelmValuesFlags,
  { account, group, output }: Target,
): Promise<AccessKey> {
  const { terminal } = context;
  const { region } = account;
  const name = cluster === undefined ? "datalayer-operator" : `datalayer-operator-${cluster}`;
  const session = await openSession(context, account);
  const identity = await session.identity();
  await ensureUser(session, { name, canCreate: !reuseUserOnly });
  terminal.tell(`User ${name} of account ${identity.accountId}, for Auto Scaling group ${group}`);
  await allowScaling(session, name, { group, region, identity });
  const kept = await keyThatWorks(context, output, { session, name, region });
  if (kept !== undefined) return kept;
  const made = await addKey(session, name);
  terminal.tell(`It has a new access key, ${made.accessKeyId}.`);
  return { ...made, region };
}

/** The key of an earlier call, if AWS accepts it still: a second call changes nothing. */
async function keyThatWorks(
  context: CommandContext,
  output: string,
  { session, name, region }: { session: AwsSession; name: string; region: string },
): Promise<AccessKey | undefined> {
  if (output === "-" || !existsSync(output)) return undefined;
  const { values } = await readCloudValues("aws", output);
  const { aws } = values.operator.cloudCredentials;
  if (!aws || !(await activeKeys(session, name)).includes(aws.accessKeyId)) return undefined;
  const key = { accessKeyId: aws.accessKeyId, secretAccessKey: aws.secretAccessKey, region };
  try {
    await (await openSession(context, key)).identity();
    return key;
  } catch (error) {
    if (isBadKey(error)) return undefined;
    throw error;
  }
}
