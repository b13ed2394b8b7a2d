import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterFile, useCluster } from "@datalayer/devcluster/testkit/cluster";
import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { AwsCloud, type AwsFault } from "../../../test/aws-cloud.ts";
import { CloudError } from "../executor.ts";
import { AwsExecutor } from "./aws.ts";
import { forgetAwsKeys, readCloudValues } from "./cloud-credentials.ts";

const never = new AbortController().signal;
let cloud: AwsCloud;
let name: string;
let executor: AwsExecutor;

beforeAll(async () => {
  cloud = await AwsCloud.start((await useCluster()).kubeconfigPath);
}, 120_000);

beforeEach(async () => {
  name = await cloud.createGroup({ desired: 2, max: 5, min: 1 });
  executor = new AwsExecutor(cloud.settings(name));
  cloud.requests.length = 0;
});

/** What a call failed with. */
async function failureOf(call: Promise<unknown>): Promise<CloudError> {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(CloudError);
  return error as CloudError;
}

const desired = async (): Promise<number | undefined> => (await cloud.group(name)).DesiredCapacity;
const instanceIds = async (): Promise<string[]> =>
  ((await cloud.group(name)).Instances ?? []).map(({ InstanceId }) => InstanceId!);

describe("an Auto Scaling group", () => {
  it("is described with its bounds and machines", async () => {
    const group = await executor.describe(never);
    const ids = await instanceIds();
    expect(group).toEqual({
      desired: 2,
      min: 1,
      max: 5,
      instances: ids.map((id) => ({ id, phase: "running" })),
    });
  });

  it("is raised to a size, once", async () => {
    const seen = await executor.describe(never);
    await executor.raise(4, seen, never);
    await executor.raise(4, seen, never);
    expect(await desired()).toBe(4);
    expect(cloud.requests.filter((one) => one.startsWith("Set"))).toEqual(["SetDesiredCapacity 4"]);
  });

  it("loses the machine that is named, and gets no other", async () => {
    const [first = "", second = ""] = await instanceIds();
    const seen = await executor.describe(never);
    await executor.remove(first, seen, never);
    expect(await instanceIds()).toEqual([second]);
    expect(await desired()).toBe(1);
  });

  it("is left alone when a machine is removed a second time", async () => {
    await executor.raise(4, await executor.describe(never), never);
    const [first = ""] = await instanceIds();
    const seen = await executor.describe(never);
    await executor.remove(first, seen, never);
    await executor.remove(first, seen, never);
    expect(await desired()).toBe(3);
  });

  it("is not changed when somebody else has changed it since it was seen", async () => {
    const seen = await executor.describe(never);
    await cloud.resize(name, 3);
    const [first = ""] = await instanceIds();
    expect(await failureOf(executor.raise(4, seen, never))).toMatchObject({
      reason: "GroupChanged",
      message: "The group was of size 2, and is of size 3 now.",
    });
    expect((await failureOf(executor.remove(first, seen, never))).reason).toBe("GroupChanged");
    expect(await desired()).toBe(3);
  });

  it("is never larger than its MaxSize, nor smaller than its MinSize", async () => {
    expect(await failureOf(executor.raise(6, await executor.describe(never), never))).toMatchObject({
      reason: "CloudRefused",
      message: "6 is more than MaxSize of the group, 5.",
    });
    const [first = "", second = ""] = await instanceIds();
    await executor.remove(first, await executor.describe(never), never);
    const refusal = await failureOf(executor.remove(second, await executor.describe(never), never));
    expect(refusal).toMatchObject({
      reason: "CloudRefused",
      message: "The group has MinSize 1, which is its size.",
    });
    expect(await desired()).toBe(1);
  });

  it("that is not there is named", async () => {
    const other = new AwsExecutor(cloud.settings("nothing"));
    expect(await failureOf(other.describe(never))).toMatchObject({
      reason: "CloudRefused",
      message: "There is no Auto Scaling group nothing in this region.",
    });
  });
});

describe("a call that fails", () => {
  const error = (status: number, code: string, message = "no"): AwsFault => ({
    kind: "error",
    status,
    code,
    message,
  });
  const table: [string, AwsFault, string][] = [
    ["throttled", error(400, "Throttling", "Rate exceeded"), "CloudThrottled"],
    ["throttled by EC2", error(503, "RequestLimitExceeded"), "CloudThrottled"],
    [
      "with a token that has expired",
      error(403, "ExpiredToken", "The security token is expired"),
      "CredentialsRefused",
    ],
    ["with a key that does not exist", error(403, "InvalidClientTokenId"), "CredentialsRefused"],
    ["without the right to do it", error(403, "AccessDenied"), "CredentialsRefused"],
    ["while the group changes", error(400, "ScalingActivityInProgress"), "GroupChanged"],
    ["as nonsense", error(400, "ValidationError"), "CloudRefused"],
    ["inside of AWS", error(500, "InternalFailure"), "CloudUnclear"],
    ["before it arrived", { kind: "drop-before" }, "CloudUnclear"],
    ["after it was done", { kind: "drop-after" }, "CloudUnclear"],
  ];
  it.each(table)("%s is told apart, and not repeated", async (_, fault, reason) => {
    const seen = await executor.describe(never);
    cloud.fail("SetDesiredCapacity", fault);
    expect((await failureOf(executor.raise(3, seen, never))).reason).toBe(reason);
    expect(cloud.requests.filter((one) => one.startsWith("Set"))).toHaveLength(1);
    expect(await desired()).toBe(fault.kind === "drop-after" ? 3 : 2);
  });

  it("because nobody waits any longer may be done all the same", async () => {
    const [first = ""] = await instanceIds();
    const seen = await executor.describe(never);
    cloud.fail("TerminateInstanceInAutoScalingGroup", { kind: "late" });
    const caller = new AbortController();
    const failure = failureOf(executor.remove(first, seen, caller.signal));
    const isAsked = (): boolean => cloud.requests.some((one) => one.startsWith("Terminate"));
    await eventually(isAsked, { message: "the request being on its way" });
    caller.abort();
    expect((await failure).reason).toBe("CloudUnclear");
    await eventually(async () => !(await instanceIds()).includes(first), {
      message: "the machine being gone",
    });
  });

  it("says how long to wait", async () => {
    const fault = {
      kind: "error",
      status: 400,
      code: "Throttling",
      message: "no",
      retryAfterSeconds: 7,
    } as const;
    cloud.fail("DescribeAutoScalingGroups", fault);
    expect((await failureOf(executor.describe(never))).retryAfterMs).toBe(7_000);
  });

  it("tells no secret", async () => {
    cloud.fail("DescribeAutoScalingGroups", error(403, "SignatureDoesNotMatch", "x".repeat(2_000)));
    const failure = await failureOf(executor.describe(never));
    expect(failure.message.length).toBeLessThan(400);
    expect(failure.message).not.toContain("example-secret");
  });
});

describe("credentials", () => {
  it("are those of the mounted files, as they are at each call", async () => {
    const directory = await mkdtemp(join(tmpdir(), "credentials-"));
    afterFile(() => rm(directory, { recursive: true }));
    const mounted = new AwsExecutor({ ...cloud.settings(name), credentialsDir: directory });
    const files = { AWS_DEFAULT_REGION: "us-east-1", AWS_SECRET_ACCESS_KEY: "first-secret" };
    for (const [file, value] of Object.entries(files)) await writeFile(join(directory, file), value);
    await writeFile(join(directory, "AWS_ACCESS_KEY_ID"), "AKIAFIRST\n");
    expect((await mounted.describe(never)).desired).toBe(2);
    await rm(join(directory, "AWS_ACCESS_KEY_ID"));
    await writeFile(join(directory, "AWS_DEFAULT_REGION"), "eu-west-1");
    await writeFile(join(directory, "AWS_ACCESS_KEY_ID"), "AKIASECOND");
    // There is no such group in the other region.
    expect((await failureOf(mounted.describe(never))).message).toContain("no Auto Scaling group");
  });

  it("are never those with which the process began once there are files, though parts are taken out", async () => {
    const directory = await mkdtemp(join(tmpdir(), "credentials-"));
    afterFile(() => rm(directory, { recursive: true }));
    const begun = {
      AWS_DEFAULT_REGION: "us-east-1",
      AWS_ACCESS_KEY_ID: "AKIABEGUN",
      AWS_SESSION_TOKEN: "old",
    };
    const settings = { ...cloud.settings(name, begun), credentialsDir: directory };
    expect(await readCloudValues(settings)).toEqual({ ...begun, AWS_SECRET_ACCESS_KEY: "example-secret" });
    const rotated = { AWS_REGION: "eu-west-1", AWS_ACCESS_KEY_ID: "AKIANEW", AWS_SECRET_ACCESS_KEY: "new" };
    for (const [file, value] of Object.entries(rotated)) await writeFile(join(directory, file), value);
    expect(await readCloudValues(settings)).toEqual(rotated);
    await rm(join(directory, "AWS_ACCESS_KEY_ID"));
    await rm(join(directory, "AWS_SECRET_ACCESS_KEY"));
    expect(await readCloudValues(settings)).toEqual({ AWS_REGION: "eu-west-1" });
  });

  it("of the process are not there for the library of AWS, which would prefer them to a role", () => {
    const environment = {
      AWS_ACCESS_KEY_ID: "a",
      AWS_SECRET_ACCESS_KEY: "b",
      AWS_SESSION_TOKEN: "c",
      AWS_REGION: "r",
    };
    forgetAwsKeys(environment);
    expect(environment).toEqual({ AWS_REGION: "r" });
  });

  it("that lack a part are refused, and the part is named", async () => {
    const partial = new AwsExecutor(cloud.settings(name, { AWS_SECRET_ACCESS_KEY: "" }));
    expect(await failureOf(partial.describe(never))).toMatchObject({
      reason: "CredentialsRefused",
      message: expect.stringMatching(/^AWS_SECRET_ACCESS_KEY is not set, neither as a file/) as unknown,
    });
  });
});

describe("the machine of a node", () => {
  it.each([
    ["aws:///us-east-1a/i-0abc", "i-0abc"],
    ["azure:///subscriptions/s/x", undefined],
    [undefined, undefined],
  ])("with providerID %s is %s", (providerId, id) => {
    expect(executor.instanceOf({ providerId })).toBe(id);
  });
});
