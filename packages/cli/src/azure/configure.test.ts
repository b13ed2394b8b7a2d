import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { AzureCloud, clouder as account } from "../../test/azure-cloud.ts";
import { ClouderHome } from "../../test/clouder.ts";

const stored = ".clouder/clouds/azure/azure.yaml";
const { clientSecret, ...ids } = account;
const idFlags = ["-s", ids.subscriptionId, "-t", ids.tenantId, "-c", ids.clientId];

let cloud: AzureCloud;
let clouder: ClouderHome;
beforeAll(async () => {
  cloud = await AzureCloud.start();
});
beforeEach(async () => {
  cloud.reset();
  clouder = await ClouderHome.create(cloud.environment);
});
afterEach(() => {
  expect(cloud.violations).toEqual([]);
});

const configure = (...args: string[]) => clouder.run(["azure", "configure", "--no-interactive", ...args]);

describe("clouder azure configure", () => {
  it("stores what Azure accepts, for its owner's eyes, and shows the secret to nobody", async () => {
    const file = await clouder.file("secret", `${clientSecret}\n`);
    const { code, stdout, stderr } = await configure(...idFlags, "--client-secret-file", file);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(parse(await clouder.read(stored))).toEqual(account);
    expect(await clouder.mode(stored)).toBe(0o600);
    expect(stderr).toContain('Signed in; subscription "Trial".');
    expect(stdout + stderr).not.toContain("canary");
  });

  it("takes the secret from standard input, and the rest from variables", async () => {
    const env = {
      AZURE_SUBSCRIPTION_ID: ids.subscriptionId,
      AZURE_TENANT_ID: ids.tenantId,
      AZURE_CLIENT_ID: ids.clientId,
    };
    const args = ["azure", "configure", "--client-secret-file", "-"];
    expect(await clouder.run(args, { env, input: clientSecret })).toMatchObject({ code: 0 });
    expect(parse(await clouder.read(stored))).toEqual(account);
  });

  it("takes the published flag for the secret, and warns of it", async () => {
    const { code, stderr } = await configure(...idFlags, "--client-secret", clientSecret);
    expect(code).toBe(0);
    expect(stderr).toContain("Warning: every user of this machine can read --client-secret");
    expect(stderr).not.toContain("canary");
  });

  it("replaces a file that others could read", async () => {
    await clouder.file(stored, "clientSecret: old", 0o644);
    await configure(...idFlags, "--client-secret", clientSecret);
    expect(await clouder.mode(stored)).toBe(0o600);
    expect(parse(await clouder.read(stored))).toEqual(account);
  });

  it("names all that is missing or malformed, and stores nothing", async () => {
    const { code, stderr } = await configure("-s", "my-subscription", "-t", ids.tenantId);
    expect(code).toBe(2);
    expect(stderr).toContain(
      '--subscription-id or AZURE_SUBSCRIPTION_ID: "my-subscription": expected a UUID',
    );
    expect(stderr).toContain("--client-id or AZURE_CLIENT_ID: is not given");
    expect(stderr).toContain("--client-secret-file or AZURE_CLIENT_SECRET: is not given");
    expect(stderr).not.toContain("tenant-id");
    await expect(clouder.read(stored)).rejects.toThrow("ENOENT");
  });

  it("stores no credentials that Azure refuses", async () => {
    const { code, stderr } = await configure(...idFlags, "--client-secret", "canary-wrong");
    expect(code).toBe(1);
    expect(stderr).toMatch(/service principal 2222\S+ cannot sign in to tenant 1111\S+: .*AADSTS7000215/);
    expect(stderr).not.toContain("canary");
    await expect(clouder.read(stored)).rejects.toThrow("ENOENT");
  });

  it("stores no subscription that the service principal does not see", async () => {
    const other = ids.subscriptionId.replaceAll("3", "4");
    const { code, stderr } = await configure(...idFlags, "-s", other, "--client-secret", clientSecret);
    expect(code).toBe(1);
    expect(stderr).toContain("Azure Resource Manager refuses: SubscriptionNotFound");
    await expect(clouder.read(stored)).rejects.toThrow("ENOENT");
  });

  it("stores credentials unchecked where Azure cannot be reached, and says so", async () => {
    const env = {
      AZURE_AUTHORITY_HOST: "https://127.0.0.1:1",
      AZURE_RESOURCE_MANAGER_URL: "https://127.0.0.1:1",
    };
    const args = ["azure", "configure", ...idFlags, "--client-secret", clientSecret];
    const { code, stderr } = await clouder.run(args, { env });
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(stderr).toMatch(/Warning: Azure cannot be reached: .*; the credentials are not checked/);
    expect(parse(await clouder.read(stored))).toEqual(account);
  });

  it("refuses an address that is not safe", async () => {
    const env = { AZURE_RESOURCE_MANAGER_URL: "http://127.0.0.1:1" };
    const args = ["azure", "configure", ...idFlags, "--client-secret", clientSecret];
    const { code, stderr } = await clouder.run(args, { env });
    expect(code).toBe(2);
    expect(stderr).toContain(
      'AZURE_RESOURCE_MANAGER_URL="http://127.0.0.1:1": expected an address that begins with https://',
    );
  });
});
