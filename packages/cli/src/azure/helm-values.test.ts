import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import {
  AzureCloud,
  clouder as account,
  resourceGroup,
  tenantId,
  subscriptionId,
} from "../../test/azure-cloud.ts";
import { ClouderHome } from "../../test/clouder.ts";

const written = ".clouder/kubeadm/prod/datalayer-operator-azure.json";
const group = ["-g", resourceGroup];

interface Values {
  operator: { cloudCredentials: { azure: { clientId: string; clientSecret: string } } };
}

let cloud: AzureCloud;
let clouder: ClouderHome;
beforeAll(async () => {
  cloud = await AzureCloud.start();
});
beforeEach(async () => {
  cloud.reset();
  clouder = await ClouderHome.create(cloud.environment);
  await clouder.file(".clouder/clouds/azure/azure.yaml", stringify(account));
});
afterEach(() => {
  expect(cloud.violations).toEqual([]);
});

const helmValues = (...args: string[]) => clouder.run(["azure", "helm-values", "--cluster", "prod", ...args]);
const azureIn = (text: string) => (JSON.parse(text) as Values).operator.cloudCredentials.azure;

describe("clouder azure helm-values", () => {
  it("gives the operator a service principal of its own, which may manage machines of one resource group", async () => {
    const { code, stdout, stderr } = await helmValues(...group);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(cloud.created).toEqual(["application", "principal", "role", "secret"]);
    const [application] = cloud.applications;
    expect(application).toMatchObject({ displayName: "datalayer-operator-prod" });
    expect([...cloud.roles.values()]).toEqual([application!.principalId]);
    expect(JSON.parse(await clouder.read(written))).toEqual({
      operator: {
        cloudCredentials: {
          enabled: true,
          create: true,
          azure: {
            tenantId,
            clientId: application!.appId,
            clientSecret: application!.secrets[0],
            subscriptionId,
            resourceGroup,
          },
        },
      },
    });
    expect(await clouder.mode(written)).toBe(0o600);
    expect(stdout + stderr).not.toContain("canary");
  });

  it("changes nothing the second time", async () => {
    await helmValues(...group);
    const before = [...cloud.created, await clouder.read(written)];
    expect(await helmValues(...group)).toMatchObject({ code: 0 });
    expect([...cloud.created, await clouder.read(written)]).toEqual(before);
  });

  it("adds a secret where that of the file is good no more", async () => {
    await helmValues(...group);
    cloud.applications[0]!.secrets = [];
    expect(await helmValues(...group)).toMatchObject({ code: 0 });
    expect(azureIn(await clouder.read(written)).clientSecret).toBe(cloud.applications[0]!.secrets[0]);
    expect(cloud.created).toEqual(["application", "principal", "role", "secret", "secret"]);
  });

  it("goes on where an earlier call was interrupted", async () => {
    cloud.faults.push({ path: /roleAssignments/, reply: { status: 503, body: {} } });
    const { code, stderr } = await helmValues(...group);
    expect(code).toBe(1);
    expect(stderr).toContain("Azure Resource Manager refuses: status 503");
    await helmValues(...group);
    expect(cloud.created).toEqual(["application", "principal", "role", "secret"]);
  });

  it("takes a role that somebody else has assigned", async () => {
    const error = { code: "RoleAssignmentExists", message: "The role assignment already exists." };
    cloud.faults.push({ path: /roleAssignments/, reply: { status: 409, body: { error } } });
    expect(await helmValues(...group)).toMatchObject({ code: 0 });
  });

  it("creates no service principal with --reuse-sp-only, and uses the one there is", async () => {
    const { code, stderr } = await helmValues(...group, "--reuse-sp-only");
    expect(code).toBe(1);
    expect(stderr).toContain('there is no service principal "datalayer-operator-prod" to reuse');
    expect(cloud.created).toEqual([]);
    await helmValues(...group);
    expect(await helmValues(...group, "--reuse-sp-only", "-o", "-")).toMatchObject({ code: 0 });
    expect(cloud.applications).toHaveLength(1);
  });

  it("has the operator sign in as clouder does with --no-create-sp, and prints with -o -", async () => {
    const { code, stdout } = await helmValues(...group, "--no-create-sp", "-o", "-");
    expect(code).toBe(0);
    expect(azureIn(stdout)).toEqual({ ...account, resourceGroup });
    expect(cloud.created).toEqual([]);
    await expect(clouder.read(written)).rejects.toThrow("ENOENT");
  });

  it("takes the service principal that the flags name, and never its secret from another", async () => {
    const other = account.clientId.replaceAll("2", "9");
    const { code, stderr } = await helmValues(...group, "--client-id", other);
    expect(code).toBe(2);
    expect(stderr).toContain("--client-secret-file or AZURE_CLIENT_SECRET: is not given");
    const file = await clouder.file("secret", "canary-other");
    expect(await helmValues(...group, "--client-id", other, "--client-secret-file", file)).toMatchObject({
      code: 0,
    });
    expect(azureIn(await clouder.read(written))).toMatchObject({
      clientId: other,
      clientSecret: "canary-other",
    });
  });

  it("takes the resource group in which the cluster was made", async () => {
    await clouder.file(
      ".clouder/kubeadm/prod/kubeadm.json",
      JSON.stringify({ resource_group: resourceGroup }),
    );
    expect(await helmValues()).toMatchObject({ code: 0 });
    expect([...cloud.roles]).toHaveLength(1);
  });

  it("writes values for any cluster where none is named", async () => {
    const { code } = await clouder.run(["azure", "helm-values", ...group]);
    expect(code).toBe(0);
    expect(cloud.applications[0]!.displayName).toBe("datalayer-operator");
    expect(await clouder.mode(".clouder/kubeadm/datalayer-operator-azure.json")).toBe(0o600);
  });

  const refusals: [string, string[], number, RegExp][] = [
    [
      "there is no resource group",
      [],
      2,
      /--resource-group: is not given: expected the name of a resource group/,
    ],
    ["the resource group is no name", ["-g", "a/b"], 2, /--resource-group: "a\/b": expected/],
    ["Azure has no such resource group", ["-g", "elsewhere"], 1, /refuses: ResourceGroupNotFound/],
    [
      "the cluster is called like a path",
      [...group, "--cluster", "../prod"],
      2,
      /--cluster "..\/prod": expected/,
    ],
  ];
  it.each(refusals)("says so when %s", async (_, args, expected, message) => {
    const { code, stderr } = await helmValues(...args);
    expect({ code, stderr }).toEqual({ code: expected, stderr: expect.stringMatching(message) as string });
    expect(cloud.created).not.toContain("secret");
    await expect(clouder.read(written)).rejects.toThrow("ENOENT");
  });

  it("says which right is missing, and does not choose between several of a name", async () => {
    const error = { code: "Authorization_RequestDenied", message: "Insufficient privileges." };
    cloud.faults.push({ path: /graph/, reply: { status: 403, body: { error } } });
    const denied = await helmValues(...group);
    expect(denied).toMatchObject({ code: 1 });
    expect(denied.stderr).toMatch(
      /Microsoft Graph refuses: Authorization_RequestDenied.*\nNext: ask an administrator/,
    );

    const twin = { id: "1", displayName: "datalayer-operator-prod", secrets: [] };
    cloud.applications.push({ ...twin, appId: "one" }, { ...twin, appId: "two" });
    const several = await helmValues(...group);
    expect(several).toMatchObject({ code: 1 });
    expect(several.stderr).toContain('there are 2 applications "datalayer-operator-prod": one, two');
  });
});
