import { access, mkdir, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { runCell } from "@datalayer/tools/start/kernel";
import { claimRuntime, endRuntime, listRuntimes } from "@datalayer/tools/start/rest";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Administrator, type Ended, namespace } from "./administrator.ts";
import { warmExample } from "./stage.ts";

const release = "datalayer-operator";
const generated = `${release}-cloud-credentials`;
const cluster = "my-cluster";
const { signal } = new AbortController();

const ids = {
  subscription: "33333333-3333-3333-3333-333333333333",
  tenant: "11111111-1111-1111-1111-111111111111",
  client: "22222222-2222-2222-2222-222222222222",
};
const secret = "canary-of-azure";

let admin: Administrator;
let values: string;

beforeAll(async () => {
  admin = await Administrator.start();
  const replicas = 3;
  values = await admin.values("values.json", {
    operator: { replicas },
    "route-controller": { replicas },
    verifier: { replicas },
    "image-controller": { replicas },
  });
});

afterAll(() => admin.cluster.down());

/** `helm upgrade --install` as administrators type it. */
const helm = (...args: string[]): Promise<string> =>
  admin.helm([
    ...["upgrade", "--install", release, admin.chart, "--plain-http", "--namespace", namespace],
    ...["--create-namespace", "--wait", "--timeout", "180s", "--values", values, ...args],
  ]);

const up = (env: Readonly<Record<string, string>> = {}): Promise<Ended> =>
  admin.plane(["up", release, "--chart", admin.chart, "--values", values, "--", "--plain-http"], { env });

const home = (...path: string[]): string => join(admin.home, ".clouder", ...path);
const azureFile = (name: string): string => home("kubeadm", name, "datalayer-operator-azure.json");

const jsonpath = (object: readonly string[], path: string): Promise<string> =>
  admin.kubectl(["get", ...object, "-n", namespace, "-o", `jsonpath={${path}}`]);

const secrets = (): Promise<string> => admin.kubectl(["get", "secrets", "-n", namespace, "-o", "name"]);

/** The Secret by which the running Pods of the runtime-controller sign in to a cloud. */
const mounted = (): Promise<string> =>
  jsonpath(
    ["pods", "-l", "app.kubernetes.io/component=runtime-controller"],
    '.items[*].spec.volumes[?(@.name=="cloud-credentials")].secret.secretName',
  );

const azureClient = async (): Promise<string> => {
  const encoded = await jsonpath(["secret", generated], ".data.AZURE_CLIENT_ID");
  return Buffer.from(encoded, "base64").toString();
};

describe("clouder", () => {
  it("azure configure stores a service principal for its owner's eyes", async () => {
    const flags = ["-s", ids.subscription, "-t", ids.tenant, "-c", ids.client];
    const unasked = ["--no-interactive", "--no-check", "--client-secret-file", "-"];
    const { code, stderr } = await admin.clouder(["azure", "configure", ...flags, ...unasked], {
      input: secret,
    });
    expect(code, stderr).toBe(0);
    expect((await stat(home("clouds", "azure", "azure.yaml"))).mode & 0o777).toBe(0o600);
  });

  it("azure helm-values --cluster writes the file with which Helm makes the Secret, or prints it", async () => {
    const args = ["azure", "helm-values", "--cluster", cluster, "--no-create-sp", "-g", "workers"];
    const { code, stderr } = await admin.clouder(args);
    expect(code, stderr).toBe(0);
    expect((await stat(azureFile(cluster))).mode & 0o777).toBe(0o600);
    const { stdout } = await admin.clouder([...args, "-o", "-"]);
    expect(JSON.parse(stdout)).toEqual({
      operator: {
        cloudCredentials: {
          enabled: true,
          create: true,
          azure: {
            tenantId: ids.tenant,
            clientId: ids.client,
            clientSecret: secret,
            subscriptionId: ids.subscription,
            resourceGroup: "workers",
          },
        },
      },
    });
  });
});

describe("helm upgrade --install of the chart in the registry, with that file", () => {
  it("makes the namespace, and gets three replicas of each process ready", async () => {
    await helm("--values", azureFile(cluster));
    const pods = await admin.kubectl(["get", "pods", "-n", namespace, "-l", "app=operator", "--no-headers"]);
    const lines = pods.split("\n");
    expect(lines.filter((line) => /\s1\/1\s+Running\s/.test(line))).toEqual(lines);
    expect(lines).toHaveLength(12);
  });

  it("makes the Secret and mounts it", async () => {
    expect(await azureClient()).toBe(ids.client);
    expect((await mounted()).split(" ")).toEqual([generated, generated, generated]);
  });

  it.each(["runtime-controller", "route-controller", "image-controller"])(
    "has one replica of the %s lead",
    async (controller) => {
      const component = `app.kubernetes.io/component=${controller}`;
      const pods = (await jsonpath(["pods", "-l", component], ".items[*].metadata.name")).split(" ");
      expect(pods).toHaveLength(3);
      await expect
        .poll(async () => {
          const holder = await jsonpath(["lease", controller], ".spec.holderIdentity");
          return pods.filter((pod) => holder.startsWith(pod)).length;
        })
        .toBe(1);
    },
  );

  it("answers a claim", async () => {
    await warmExample(admin);
    const { runtime } = await claimRuntime(await admin.api(), signal);
    expect(await runCell(runtime, "6*7")).toBe("42");
    await endRuntime(await admin.api(), runtime);
    await expect.poll(async () => listRuntimes(await admin.api())).toEqual([]);
  });
});

describe("operator.cloudCredentials with create=false and a secretName", () => {
  it("mounts the administrator's Secret, and creates none", async () => {
    await admin.kubectl([
      "create",
      "secret",
      "generic",
      "mine",
      "-n",
      namespace,
      "--from-literal=AWS_REGION=r",
    ]);
    const own = ["enabled=true", "create=false", "secretName=mine"];
    await helm(...own.flatMap((value) => ["--set", `operator.cloudCredentials.${value}`]));
    expect(await secrets()).not.toContain(generated);
    await expect.poll(mounted, { timeout: 60_000 }).toBe("mine mine mine");
  });
});

describe("plane up on a cluster that clouder made", () => {
  it("reads the file of the current context, as it was published, and says so", async () => {
    const azure = {
      tenantId: ids.tenant,
      clientId: ids.tenant,
      clientSecret: secret,
      subscriptionId: ids.subscription,
      resourceGroup: "workers",
    };
    const path = azureFile("devcluster");
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, JSON.stringify({ operator: { cloudCredentials: { azure } } }), { mode: 0o600 });
    const { code, stderr } = await up();
    expect(code, stderr).toBe(0);
    expect(stderr).toContain(`Credentials for Azure: ${path}`);
    expect(await azureClient()).toBe(ids.tenant);
    // The Pods before it end in their own time.
    await expect.poll(mounted, { timeout: 60_000 }).toBe(`${generated} ${generated} ${generated}`);
  });

  it("prefers the file of DATALAYER_OPERATOR_AZURE_VALUES_FILE", async () => {
    const { code, stderr } = await up({ DATALAYER_OPERATOR_AZURE_VALUES_FILE: azureFile(cluster) });
    expect(code, stderr).toBe(0);
    expect(await azureClient()).toBe(ids.client);
  });

  it.each([
    ["absent", undefined, "expected a readable file with Helm values (ENOENT)"],
    ["malformed", "{", "neither JSON nor YAML at line 1"],
  ])("changes nothing where that file is %s", async (name, content, message) => {
    const revision = () => admin.helm(["history", release, "--namespace", namespace, "--output", "json"]);
    const before = await revision();
    const path = join(admin.home, name);
    if (content !== undefined) await writeFile(path, content, { mode: 0o600 });
    const { code, stderr } = await up({ DATALAYER_OPERATOR_AZURE_VALUES_FILE: path });
    expect(code).toBe(2);
    expect(stderr).toContain(`DATALAYER_OPERATOR_AZURE_VALUES_FILE=${path}`);
    expect(stderr).toContain(message);
    expect(await revision()).toBe(before);
  });
});

describe("plane down", () => {
  it("deletes the Secret that was generated, and touches none of the administrator's", async () => {
    const { code, stderr } = await admin.plane(["down", release, "--namespace", namespace, "--yes"]);
    expect(code, stderr).toBe(0);
    const left = await secrets();
    expect(left).not.toContain(generated);
    expect(left).toContain("secret/mine");
    expect(await admin.kubectl(["get", "crd", "-o", "name"])).toMatch(/runtime-pools.datalayer.io/);
    await access(azureFile(cluster));
  });
});
