import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterFile } from "@datalayer/devcluster/testkit/cluster";
import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { AzureCloud, type AzureFault } from "../../../test/azure-cloud.ts";
import { CloudError, type CloudGroup } from "../executor.ts";
import { AzureExecutor } from "./azure.ts";
import { readCloudValues } from "./cloud-credentials.ts";

const never = new AbortController().signal;
let cloud: AzureCloud;
let executor: AzureExecutor;

beforeAll(async () => {
  cloud = await AzureCloud.start();
});

beforeEach(() => {
  cloud.reset(2);
  executor = new AzureExecutor(cloud.settings());
});

afterEach(() => {
  expect(cloud.violations).toEqual([]);
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

const idOf = (index: number): string => cloud.scaleSet.machines[index]!.instanceId;

/** Looks until the operations under way are over, as scaling does. */
const looked = (until: (group: CloudGroup) => boolean): Promise<CloudGroup> =>
  eventually(
    async () => {
      const group = await executor.describe(never);
      return until(group) && group;
    },
    { message: "the operation being over" },
  );

describe("a scale set", () => {
  it("is described with its machines and version", async () => {
    expect(await executor.describe(never)).toEqual({
      desired: 2,
      min: 0,
      max: Infinity,
      version: expect.stringMatching(/^"\d+"$/) as unknown,
      instances: [
        { id: idOf(0), phase: "running" },
        { id: idOf(1), phase: "running" },
      ],
    });
  });

  it("is raised to a size, and its operation is followed", async () => {
    await executor.raise(4, await executor.describe(never), never);
    expect(cloud.requests).toEqual(["update 4"]);
    expect(cloud.scaleSet.machines.map(({ provisioningState }) => provisioningState)).toContain("Creating");
    await looked(() =>
      cloud.scaleSet.machines.every(({ provisioningState }) => provisioningState === "Succeeded"),
    );
    expect(cloud.scaleSet.capacity).toBe(4);
  });

  it("is not raised when somebody else has changed it since it was seen", async () => {
    const seen = await executor.describe(never);
    cloud.scaleSet.resize(3);
    expect((await failureOf(executor.raise(4, seen, never))).reason).toBe("GroupChanged");
    expect(cloud.scaleSet.capacity).toBe(3);
  });

  it("loses the machine that is named, which counts no more from then on", async () => {
    const [first, second] = [idOf(0), idOf(1)];
    cloud.scaleSet.polls = 2;
    await executor.remove(first, await executor.describe(never), never);
    const going = await executor.describe(never);
    expect(going).toMatchObject({ desired: 1, instances: [{ id: first, phase: "going" }, { id: second }] });
    const gone = await looked(({ instances }) => instances.length === 1);
    expect(gone).toMatchObject({ desired: 1, instances: [{ id: second, phase: "running" }] });
  });

  it("is left alone when a machine is removed that is gone", async () => {
    await executor.remove("987", await executor.describe(never), never);
    expect(cloud.scaleSet.capacity).toBe(2);
  });

  it("says why machines could not be made", async () => {
    const message = "Allocation failed. We do not have sufficient capacity.";
    cloud.fail("update", { kind: "operation-fails", code: "AllocationFailed", message });
    await executor.raise(3, await executor.describe(never), never);
    expect((await looked(({ trouble }) => trouble !== undefined)).trouble).toContain(message);
  });

  it("in orchestration mode Flexible is refused", async () => {
    cloud.scaleSet.orchestrationMode = "Flexible";
    const failure = await failureOf(executor.describe(never));
    expect(failure).toMatchObject({ reason: "CloudRefused" });
    expect(failure.message).toContain("expected Uniform");
  });
});

describe("a call that fails", () => {
  const error = (status: number, code: string): AzureFault => ({ kind: "error", status, code });
  const table: [string, AzureFault, string][] = [
    ["throttled", error(429, "TooManyRequests"), "CloudThrottled"],
    ["without the right to do it", error(403, "AuthorizationFailed"), "CredentialsRefused"],
    ["with a token that has expired", error(401, "ExpiredAuthenticationToken"), "CredentialsRefused"],
    ["beyond the quota", error(409, "OperationNotAllowed"), "CloudRefused"],
    ["while the scale set changes", error(409, "Conflict"), "GroupChanged"],
    ["without a scale set", error(404, "ResourceNotFound"), "CloudRefused"],
    ["inside of Azure", error(500, "InternalServerError"), "CloudUnclear"],
    ["after it was done", { kind: "drop-after" }, "CloudUnclear"],
  ];
  it.each(table)("%s is told apart, and not repeated", async (_, fault, reason) => {
    const seen = await executor.describe(never);
    cloud.fail("update", fault);
    expect((await failureOf(executor.raise(3, seen, never))).reason).toBe(reason);
    expect(cloud.requests).toEqual(["update 3"]);
    expect(cloud.scaleSet.capacity).toBe(fault.kind === "drop-after" ? 3 : 2);
  });

  it("because nobody waits any longer may be done all the same", async () => {
    const seen = await executor.describe(never);
    cloud.fail("update", { kind: "late" });
    const caller = new AbortController();
    const failure = failureOf(executor.raise(3, seen, caller.signal));
    await eventually(() => cloud.requests.length > 0, { message: "the request being on its way" });
    caller.abort();
    expect((await failure).reason).toBe("CloudUnclear");
    await eventually(() => cloud.scaleSet.capacity === 3, { message: "the scale set being raised" });
  });

  it("says how long to wait", async () => {
    cloud.fail("get", { kind: "error", status: 429, code: "TooManyRequests", retryAfterSeconds: 17 });
    expect(await failureOf(executor.describe(never))).toMatchObject({
      reason: "CloudThrottled",
      retryAfterMs: 17_000,
    });
  });
});

describe("credentials", () => {
  it("that have expired are told, without the secret", async () => {
    cloud.clientSecret = "another-secret";
    const failure = await failureOf(executor.describe(never));
    expect(failure.reason).toBe("CredentialsRefused");
    expect(failure.message).toContain("AADSTS7000222");
    expect(failure.message).not.toContain("first-secret");
  });

  it("that are renewed in the mounted files are used from then on", async () => {
    const directory = await mkdtemp(join(tmpdir(), "credentials-"));
    afterFile(() => rm(directory, { recursive: true }));
    const settings = { ...cloud.settings(), credentialsDir: directory };
    for (const [file, value] of Object.entries(await readCloudValues(settings))) {
      await writeFile(join(directory, file), value);
    }
    const mounted = new AzureExecutor(settings);
    expect((await mounted.describe(never)).desired).toBe(2);
    cloud.clientSecret = "second-secret";
    cloud.expireTokens();
    expect((await failureOf(mounted.describe(never))).reason).toBe("CredentialsRefused");
    await writeFile(join(directory, "AZURE_CLIENT_SECRET"), "second-secret\n");
    expect((await mounted.describe(never)).desired).toBe(2);
  });

  it("that lack a part are refused, and the part is named", async () => {
    const partial = new AzureExecutor(cloud.settings({ AZURE_RESOURCE_GROUP: "" }));
    expect((await failureOf(partial.describe(never))).message).toContain("AZURE_RESOURCE_GROUP is not set");
  });
});

describe("the machine of a node", () => {
  it("is told by its instance id, in this scale set only", async () => {
    await executor.describe(never);
    expect(executor.instanceOf({ providerId: cloud.providerIdOf("7") })).toBe("7");
    expect(
      executor.instanceOf({ providerId: cloud.providerIdOf("7").replace("/workers/", "/others/") }),
    ).toBeUndefined();
    expect(executor.instanceOf({ providerId: "aws:///us-east-1a/i-0abc" })).toBeUndefined();
  });
});
