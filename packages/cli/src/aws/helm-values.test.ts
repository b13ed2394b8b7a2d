import {
  AutoScalingClient,
  DeleteAutoScalingGroupCommand,
  DescribeAutoScalingGroupsCommand,
} from "@aws-sdk/client-auto-scaling";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { AwsCloud, region } from "../../test/aws-cloud.ts";
import { ClouderHome } from "../../test/clouder.ts";
import type { AwsValues } from "../clouder-home/cloud-values.ts";

const written = ".clouder/kubeadm/prod/datalayer-operator-aws.json";
const user = "datalayer-operator-prod";
const group = ["--group", "workers"];

interface Values {
  operator: { cloudCredentials: { aws: AwsValues } };
}

let cloud: AwsCloud;
let clouder: ClouderHome;
beforeAll(async () => {
  cloud = await AwsCloud.start();
});
beforeEach(async () => {
  await cloud.reset();
  clouder = await ClouderHome.create(cloud.environment);
  await clouder.file(".clouder/clouds/aws/aws.yaml", stringify({ ...cloud.administrator, region }));
});

const helmValues = (...args: string[]) => clouder.run(["aws", "helm-values", "--cluster", "prod", ...args]);
const awsIn = (text: string): AwsValues => (JSON.parse(text) as Values).operator.cloudCredentials.aws;

describe("clouder aws helm-values", () => {
  it("gives the operator a user of its own, whose key is written for its owner's eyes", async () => {
    const { code, stdout, stderr } = await helmValues(...group);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(await cloud.users()).toEqual([user]);
    const [accessKeyId] = await cloud.keys(user);
    const { secretAccessKey } = awsIn(await clouder.read(written));
    expect(JSON.parse(await clouder.read(written))).toEqual({
      operator: {
        cloudCredentials: {
          enabled: true,
          create: true,
          aws: { accessKeyId, secretAccessKey, defaultRegion: region },
        },
      },
    });
    expect(await clouder.mode(written)).toBe(0o600);
    expect(stdout + stderr).not.toContain(secretAccessKey);
  });

  it("lets that user scale one group, and nothing else", async () => {
    await helmValues(...group);
    const [read, write] = ((await cloud.policy(user)) as { Statement: object[] }).Statement;
    expect(read).toMatchObject({ Effect: "Allow", Resource: "*" });
    // The server that plays AWS knows no groups in policies; AWS does.
    expect(write).toMatchObject({
      Effect: "Allow",
      Action: ["autoscaling:SetDesiredCapacity", "autoscaling:TerminateInstanceInAutoScalingGroup"],
      Resource: expect.stringMatching(
        /^arn:aws:autoscaling:us-east-1:\d{12}:autoScalingGroup:\*:autoScalingGroupName\/workers$/,
      ) as string,
    });
    const credentials = awsIn(await clouder.read(written));
    const operator = new AutoScalingClient({
      region,
      endpoint: cloud.environment["AWS_ENDPOINT_URL"]!,
      credentials,
    });
    const described = await operator.send(new DescribeAutoScalingGroupsCommand({}));
    expect(described.AutoScalingGroups).toEqual([]);
    const others = new DeleteAutoScalingGroupCommand({ AutoScalingGroupName: "workers" });
    await expect(operator.send(others)).rejects.toThrow(
      /not authorized to perform: autoscaling:DeleteAutoScalingGroup/,
    );
  });

  it("changes nothing the second time", async () => {
    await helmValues(...group);
    const before = await clouder.read(written);
    expect(await helmValues(...group)).toMatchObject({ code: 0 });
    expect(await clouder.read(written)).toBe(before);
    expect(await cloud.keys(user)).toHaveLength(1);
  });

  it("makes a key where that of the file is good no more", async () => {
    await helmValues(...group);
    await cloud.removeKey(user, awsIn(await clouder.read(written)).accessKeyId);
    expect(await helmValues(...group)).toMatchObject({ code: 0 });
    expect(await cloud.keys(user)).toEqual([awsIn(await clouder.read(written)).accessKeyId]);
  });

  it("says which keys are in the way where there can be no more", async () => {
    await helmValues(...group);
    const keys = [...(await cloud.keys(user)), await cloud.addKey(user)];
    const { code, stderr } = await helmValues(...group, "-o", "-");
    expect(code).toBe(1);
    expect(stderr).toContain(`user "${user}" has 2 access keys, which is the most: ${keys.join(", ")}`);
    expect(stderr).toContain(`aws iam delete-access-key --user-name ${user}`);
  });

  it("creates no user with --reuse-user-only, and uses the one there is", async () => {
    const { code, stderr } = await helmValues(...group, "--reuse-user-only");
    expect(code).toBe(1);
    expect(stderr).toContain(`there is no user "${user}" to reuse`);
    expect(await cloud.users()).toEqual([]);
    await helmValues(...group);
    expect(await helmValues(...group, "--reuse-user-only")).toMatchObject({ code: 0 });
    expect(await cloud.users()).toEqual([user]);
  });

  it("has the operator sign in as clouder does with --no-create-user, and prints with -o -", async () => {
    const { code, stdout } = await helmValues("--no-create-user", "-o", "-");
    expect(code).toBe(0);
    expect(awsIn(stdout)).toEqual({ ...cloud.administrator, defaultRegion: region });
    expect(await cloud.users()).toEqual([]);
  });

  it("needs the right to create users, and says so", async () => {
    await helmValues(...group);
    const { accessKeyId, secretAccessKey } = awsIn(await clouder.read(written));
    const env = { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey };
    const { code, stderr } = await clouder.run(["aws", "helm-values", ...group], { env });
    expect(code).toBe(1);
    expect(stderr).toMatch(/AWS refuses: AccessDenied.*iam:GetUser/);
    expect(stderr).toContain("ask an administrator of the account for the right");
    expect(stderr).not.toContain(secretAccessKey);
  });

  it.each([
    [[], "--group: is not given"],
    [["--group", "all*"], '--group: "all*": expected the name of an Auto Scaling group'],
    [[...group, "--cluster", "../prod"], '--cluster "../prod": expected a name'],
  ])("refuses %j before it asks AWS", async (args, message) => {
    const { code, stderr } = await helmValues(...args);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
    expect(await cloud.users()).toEqual([]);
  });
});
