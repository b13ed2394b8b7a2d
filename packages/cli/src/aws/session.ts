import type { IAMClient } from "@aws-sdk/client-iam";
import { CloudUnreachable } from "../clouder-home/configure.ts";
import { CommandError, messageOf } from "../command/command-error.ts";
import { type CommandContext, variable } from "../command/context.ts";
import type { AccessKey } from "./account.ts";

/** Who signed in. */
export interface AwsIdentity {
  arn: string;
  /** Of the account, twelve digits. */
  accountId: string;
}

/** AWS, as the owner of an access key sees it. */
export interface AwsSession {
  /** What this key signs in as. Everybody may ask that of themselves. */
  identity(): Promise<AwsIdentity>;
  /** Calls IAM. @throws AwsRefusal, CloudUnreachable */
  iam<T>(call: (sdk: typeof import("@aws-sdk/client-iam"), client: IAMClient) => Promise<T>): Promise<T>;
}

/** AWS says no. */
export class AwsRefusal extends CommandError {
  /** Such as `NoSuchEntityException`. */
  readonly code: string;

  constructor(message: string, code: string) {
    super(message, { next: nextAfter(code) });
    this.code = code;
  }
}

const badKey = /InvalidClientTokenId|SignatureDoesNotMatch|UnrecognizedClient|ExpiredToken|AuthFailure/;

/** Whether AWS does not know the key, or its secret is another. */
export function isBadKey(error: unknown): boolean {
  return error instanceof AwsRefusal && badKey.test(error.code);
}

/** Signs in with an access key. The sign-in happens with the first call. */
export async function openSession(
  context: CommandContext,
  { accessKeyId, secretAccessKey, region }: AccessKey,
): Promise<AwsSession> {
  const [iamSdk, stsSdk] = await Promise.all([import("@aws-sdk/client-iam"), import("@aws-sdk/client-sts")]);
  const endpoint = variable(context, "AWS_ENDPOINT_URL");
  const config = {
    region,
    credentials: { accessKeyId, secretAccessKey },
    ...(endpoint !== undefined && { endpoint }),
    // Creating is not repeated by itself: whether it was done is seen by the next run of the command.
    maxAttempts: 1,
  };
  const [iam, sts] = [new iamSdk.IAMClient(config), new stsSdk.STSClient(config)];
  const explained = async <T>(call: Promise<T>): Promise<T> => {
    try {
      return await call;
    } catch (error) {
      throw explain(error, accessKeyId);
    }
  };
  return {
    iam: (call) => explained(call(iamSdk, iam)),
    identity: async () => {
      const command = new stsSdk.GetCallerIdentityCommand({});
      const { Arn = "", Account = "" } = await explained(sts.send(command, { abortSignal: context.signal }));
      return { arn: Arn, accountId: Account };
    },
  };
}

/** What the SDK throws: an answer of AWS has a status. */
function explain(error: unknown, accessKeyId: string): unknown {
  const { name, $metadata } = error as { name: string; $metadata?: { httpStatusCode?: number } };
  const message = messageOf(error);
  if ($metadata?.httpStatusCode === undefined) {
    return new CloudUnreachable(`AWS cannot be reached: ${message}`, error);
  }
  const subject = badKey.test(name) ? `AWS refuses access key ${accessKeyId}` : "AWS refuses";
  return new AwsRefusal(`${subject}: ${name}: ${message}`, name);
}

function nextAfter(code: string): string[] {
  if (badKey.test(code)) return ["clouder aws configure   # with another access key: this one may be gone"];
  if (/AccessDenied/.test(code)) return ["ask an administrator of the account for the right"];
  return /Throttling/.test(code) ? ["wait a minute, then try again"] : [];
}
