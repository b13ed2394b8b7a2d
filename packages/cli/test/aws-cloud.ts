import {
  CreateAccessKeyCommand,
  CreateUserCommand,
  DeleteAccessKeyCommand,
  DeleteUserCommand,
  DeleteUserPolicyCommand,
  GetUserPolicyCommand,
  IAMClient,
  ListAccessKeysCommand,
  ListUsersCommand,
  PutUserPolicyCommand,
} from "@aws-sdk/client-iam";
import { useCluster } from "@datalayer/devcluster/testkit/cluster";
import { startMoto } from "@datalayer/devcluster/testkit/moto";

/** The region of all of it. */
export const region = "us-east-1";

/** An access key. */
export interface Key {
  accessKeyId: string;
  secretAccessKey: string;
}

const administrator = "clouder";

/** A moto server that checks signatures and policies as AWS does, with one user, who may do what clouder does. */
export class AwsCloud {
  /** Variables by which clouder finds it. */
  readonly environment: Readonly<Record<string, string>>;
  /** The key of the user who may create others. */
  readonly administrator: Key;
  readonly #iam: IAMClient;

  private constructor(url: string, key: Key) {
    this.environment = { AWS_ENDPOINT_URL: url };
    this.administrator = key;
    // The SDK writes into what it is given.
    this.#iam = new IAMClient({ region, endpoint: url, credentials: { ...key } });
  }

  static async start(): Promise<AwsCloud> {
    const url = await startMoto((await useCluster()).kubeconfigPath);
    const anybody = { accessKeyId: "anybody", secretAccessKey: "anybody" };
    const key = await createAdministrator(new IAMClient({ region, endpoint: url, credentials: anybody }));
    // From here on, nobody may do what no policy allows.
    await fetch(`${url}/moto-api/reset-auth`, { method: "POST", body: "0" });
    return new AwsCloud(url, key);
  }

  /** Removes every user but the first. */
  async reset(): Promise<void> {
    for (const UserName of await this.users()) {
      for (const AccessKeyId of await this.keys(UserName)) {
        await this.#iam.send(new DeleteAccessKeyCommand({ UserName, AccessKeyId }));
      }
      await this.#iam.send(new DeleteUserPolicyCommand({ UserName, PolicyName: "scale-nodes" }));
      await this.#iam.send(new DeleteUserCommand({ UserName }));
    }
  }

  /** The names of the users that clouder created. */
  async users(): Promise<string[]> {
    const { Users = [] } = await this.#iam.send(new ListUsersCommand({}));
    return Users.map(({ UserName = "" }) => UserName).filter((name) => name !== administrator);
  }

  /** The ids of the access keys of a user. */
  async keys(user: string): Promise<string[]> {
    const { AccessKeyMetadata = [] } = await this.#iam.send(new ListAccessKeysCommand({ UserName: user }));
    return AccessKeyMetadata.map(({ AccessKeyId = "" }) => AccessKeyId);
  }

  /** Gives a user one more access key. */
  async addKey(user: string): Promise<string> {
    const { AccessKey } = await this.#iam.send(new CreateAccessKeyCommand({ UserName: user }));
    return AccessKey!.AccessKeyId!;
  }

  /** Takes an access key from a user. */
  async removeKey(user: string, id: string): Promise<void> {
    await this.#iam.send(new DeleteAccessKeyCommand({ UserName: user, AccessKeyId: id }));
  }

  /** What a user may do. */
  async policy(user: string): Promise<unknown> {
    const command = new GetUserPolicyCommand({ UserName: user, PolicyName: "scale-nodes" });
    const { PolicyDocument = "" } = await this.#iam.send(command);
    return JSON.parse(decodeURIComponent(PolicyDocument));
  }
}

async function createAdministrator(iam: IAMClient): Promise<Key> {
  await iam.send(new CreateUserCommand({ UserName: administrator }));
  const allow = { Effect: "Allow", Action: ["iam:*"], Resource: "*" };
  await iam.send(
    new PutUserPolicyCommand({
      UserName: administrator,
      PolicyName: "users",
      PolicyDocument: JSON.stringify({ Version: "2012-10-17", Statement: [allow] }),
    }),
  );
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: administrator }));
  return { accessKeyId: AccessKey!.AccessKeyId!, secretAccessKey: AccessKey!.SecretAccessKey! };
}
