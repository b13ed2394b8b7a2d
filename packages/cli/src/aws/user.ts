import { CommandError } from "../command/command-error.ts";
import { AwsRefusal, type AwsIdentity, type AwsSession } from "./session.ts";

/** AWS keeps two at most. */
const keysPerUser = 2;
const policyName = "scale-nodes";

/** Makes sure that there is a user of a name. It can be repeated. */
export async function ensureUser(
  session: AwsSession,
  { name, canCreate }: { name: string; canCreate: boolean },
): Promise<void> {
  if (await hasUser(session, name)) return;
  if (!canCreate) {
    throw new CommandError(`there is no user "${name}" to reuse`, {
      next: ["without --reuse-user-only one is created"],
    });
  }
  await session.iam((sdk, client) => client.send(new sdk.CreateUserCommand({ UserName: name })));
}

async function hasUser(session: AwsSession, name: string): Promise<boolean> {
  try {
    await session.iam((sdk, client) => client.send(new sdk.GetUserCommand({ UserName: name })));
    return true;
  } catch (error) {
    if (error instanceof AwsRefusal && /^NoSuchEntity/.test(error.code)) return false;
    throw error;
  }
}

/** Lets a user scale one Auto Scaling group, and do nothing else. It can be repeated. */
export async function allowScaling(
  session: AwsSession,
  user: string,
  { group, region, identity }: { group: string; region: string; identity: AwsIdentity },
): Promise<void> {
  // Such as aws, aws-cn.
  const [, partition = "aws"] = identity.arn.split(":");
  const policy = {
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        // AWS knows no groups for these.
        Action: ["autoscaling:DescribeAutoScalingGroups", "autoscaling:DescribeScalingActivities"],
        Resource: "*",
      },
      {
        Effect: "Allow",
        Action: ["autoscaling:SetDesiredCapacity", "autoscaling:TerminateInstanceInAutoScalingGroup"],
        Resource: `arn:${partition}:autoscaling:${region}:${identity.accountId}:autoScalingGroup:*:autoScalingGroupName/${group}`,
      },
    ],
  };
  await session.iam((sdk, client) =>
    client.send(
      new sdk.PutUserPolicyCommand({
        UserName: user,
        PolicyName: policyName,
        PolicyDocument: JSON.stringify(policy),
      }),
    ),
  );
}

/** The ids of the access keys that a user can sign in with. */
export async function activeKeys(session: AwsSession, user: string): Promise<string[]> {
  const { AccessKeyMetadata = [] } = await session.iam((sdk, client) =>
    client.send(new sdk.ListAccessKeysCommand({ UserName: user })),
  );
  return AccessKeyMetadata.filter(({ Status }) => Status === "Active").map(
    ({ AccessKeyId = "" }) => AccessKeyId,
  );
}

/** Gives a user one more access key; its secret cannot be read again. */
export async function addKey(
  session: AwsSession,
  user: string,
): Promise<{ accessKeyId: string; secretAccessKey: string }> {
  const ids = await activeKeys(session, user);
  if (ids.length >= keysPerUser) {
    throw new CommandError(
      `user "${user}" has ${ids.length} access keys, which is the most: ${ids.join(", ")}`,
      {
        next: [
          `aws iam delete-access-key --user-name ${user} --access-key-id ID   # the one that nobody uses`,
        ],
      },
    );
  }
  const { AccessKey } = await session.iam((sdk, client) =>
    client.send(new sdk.CreateAccessKeyCommand({ UserName: user })),
  );
  const { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey } = AccessKey ?? {};
  if (!accessKeyId || !secretAccessKey) throw new CommandError(`AWS made no access key for user "${user}"`);
  return { accessKeyId, secretAccessKey };
}
