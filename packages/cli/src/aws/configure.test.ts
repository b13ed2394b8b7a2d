import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { AwsCloud, region } from "../../test/aws-cloud.ts";
import { ClouderHome } from "../../test/clouder.ts";

const stored = ".clouder/clouds/aws/aws.yaml";

let cloud: AwsCloud;
let clouder: ClouderHome;
beforeAll(async () => {
  cloud = await AwsCloud.start();
});
beforeEach(async () => {
  clouder = await ClouderHome.create(cloud.environment);
});

const configure = (...args: string[]) => clouder.run(["aws", "configure", "--no-interactive", ...args]);
const idFlags = () => ["--access-key-id", cloud.administrator.accessKeyId, "--region", region];

describe("clouder aws configure", () => {
  it("stores what AWS accepts, for its owner's eyes, and shows the secret to nobody", async () => {
    const { secretAccessKey } = cloud.administrator;
    const file = await clouder.file("secret", `${secretAccessKey}\n`);
    const { code, stdout, stderr } = await configure(...idFlags(), "--secret-access-key-file", file);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(parse(await clouder.read(stored))).toEqual({ ...cloud.administrator, region });
    expect(await clouder.mode(stored)).toBe(0o600);
    expect(stderr).toMatch(/Signed in; as arn:aws:iam::\d{12}:user\/clouder\./);
    expect(stderr).toContain("clouder aws helm-values --cluster CLUSTER");
    expect(stdout + stderr).not.toContain(secretAccessKey);
  });

  it("takes the secret from standard input, and the rest from variables", async () => {
    const { accessKeyId, secretAccessKey } = cloud.administrator;
    const env = { AWS_ACCESS_KEY_ID: accessKeyId, AWS_DEFAULT_REGION: region };
    const args = ["aws", "configure", "--secret-access-key-file", "-"];
    expect(await clouder.run(args, { env, input: secretAccessKey })).toMatchObject({ code: 0 });
    expect(parse(await clouder.read(stored))).toEqual({ ...cloud.administrator, region });
  });

  it("warns of a secret among the arguments", async () => {
    const { secretAccessKey } = cloud.administrator;
    const { code, stderr } = await configure(...idFlags(), "--secret-access-key", secretAccessKey);
    expect(code).toBe(0);
    expect(stderr).toContain("Warning: every user of this machine can read --secret-access-key");
    expect(stderr).not.toContain(secretAccessKey);
  });

  it("names all that is missing or malformed, and stores nothing", async () => {
    const { code, stderr } = await configure("--access-key-id", "mine");
    expect(code).toBe(2);
    expect(stderr).toContain(
      '--access-key-id or AWS_ACCESS_KEY_ID: "mine": expected 16 or more capitals and digits',
    );
    expect(stderr).toContain("--secret-access-key-file or AWS_SECRET_ACCESS_KEY: is not given");
    expect(stderr).toContain("--region or AWS_REGION: is not given");
    await expect(clouder.read(stored)).rejects.toThrow("ENOENT");
  });

  it.each([
    ["whose secret is another", [], "SignatureDoesNotMatch"],
    ["that AWS does not know", ["--access-key-id", "AKIAUNKNOWNUNKNOWN00"], "InvalidClientTokenId"],
  ])("stores no key %s", async (_, more, reason) => {
    const { code, stderr } = await configure(...idFlags(), "--secret-access-key", "canary-wrong", ...more);
    expect(code).toBe(1);
    expect(stderr).toMatch(new RegExp(`AWS refuses access key \\w+: ${reason}`));
    expect(stderr).toContain("clouder aws configure   # with another access key");
    expect(stderr).not.toContain("canary");
    await expect(clouder.read(stored)).rejects.toThrow("ENOENT");
  });

  it("stores a key unchecked where AWS cannot be reached, and says so", async () => {
    const args = ["aws", "configure", ...idFlags(), "--secret-access-key", "canary-unchecked"];
    const { code, stderr } = await clouder.run(args, { env: { AWS_ENDPOINT_URL: "http://127.0.0.1:1" } });
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(stderr).toMatch(/Warning: AWS cannot be reached: .*; the credentials are not checked/);
    expect(await clouder.read(stored)).toContain("canary-unchecked");
  });
});
