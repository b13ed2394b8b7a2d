import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { chartsDir, ofKind, render } from "./helm.ts";
import { ChartCluster, namespace } from "./installed.ts";
import type { Manifest } from "./manifests.ts";
import { podsOf } from "./objects.ts";
import { profiles } from "./profiles.ts";

/** As `clouder azure helm-values` writes it. */
const azureValues = {
  operator: {
    cloudCredentials: {
      enabled: true,
      create: true,
      azure: {
        tenantId: "tenant",
        clientId: "client",
        clientSecret: "secret",
        subscriptionId: "subscription",
        resourceGroup: "group",
      },
    },
  },
};

const pool = {
  apiVersion: "datalayer.io/v1",
  kind: "RuntimePool",
  metadata: { name: "of-a-user", namespace },
  spec: { environment: "python", size: 1 },
};

const ready = ["--wait", "--timeout", "120s"];

let on: ChartCluster;

beforeAll(async () => {
  on = await ChartCluster.start();
  await on.publish();
  // Its Pods are refused unless they are restricted.
  await on.apply({
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: namespace, labels: { "pod-security.kubernetes.io/enforce": "restricted" } },
  });
});

afterAll(() => on.cluster.down());

const definitions = async (): Promise<string[]> =>
  (await on.get("customresourcedefinitions"))
    .map(({ metadata }) => metadata.name)
    .filter((name) => name.endsWith(".datalayer.io"));

describe("an installation from the registry", () => {
  it("gets all its Pods ready, where Pods have to be restricted", async () => {
    const { stderr, failed } = await on.install({ values: azureValues, args: ready });
    expect(failed, stderr).toBe(false);
    const deployments = await on.get("deployments", "--namespace", namespace);
    const pods = await on.get("pods", "--namespace", namespace, "--selector", "app=operator");
    expect(pods.length).toBeGreaterThanOrEqual(deployments.length);
    const components = new Set(pods.map(({ metadata }) => metadata.labels?.["app.kubernetes.io/component"]));
    expect([...components].toSorted()).toEqual([
      "image-controller",
      "route-controller",
      "runtime-controller",
      "verifier",
    ]);
  });

  it("makes the Secret with the credentials of the values file alone", async () => {
    const name = "datalayer-operator-cloud-credentials";
    const json = await on.kubectl([
      "get",
      "secret",
      name,
      "--namespace",
      namespace,
      "--output",
      "jsonpath={.data}",
    ]);
    expect(Object.keys(JSON.parse(json) as object).toSorted()).toEqual([
      "AZURE_CLIENT_ID",
      "AZURE_CLIENT_SECRET",
      "AZURE_RESOURCE_GROUP",
      "AZURE_SUBSCRIPTION_ID",
      "AZURE_TENANT_ID",
    ]);
  });

  it("makes the definitions, which explain every field", async () => {
    expect(await definitions()).toEqual(
      expect.arrayContaining([
        "route-classes.datalayer.io",
        "routes.datalayer.io",
        "runtime-contents.datalayer.io",
        "runtime-environments.datalayer.io",
        "runtime-pools.datalayer.io",
      ]),
    );
    const served = JSON.parse(await on.kubectl(["get", "--raw", "/openapi/v3/apis/datalayer.io/v1"])) as {
      components: { schemas: Record<string, Schema> };
    };
    const kinds = Object.entries(served.components.schemas).filter(
      ([name, schema]) => name.startsWith("io.datalayer.v1.") && schema.properties?.["spec"],
    );
    expect(kinds.length).toBeGreaterThanOrEqual(5);
    for (const [name, schema] of kinds) expect([name, unexplained(schema, "")]).toEqual([name, []]);
  });

  it.each([
    ["runtime-pools.spec", "size"],
    ["runtime-environments.spec.resourcesRanges", "default"],
    ["runtime-contents.spec", "revision"],
    ["routes.spec.rules", "matches"],
    ["route-classes.spec", "verifier"],
  ])("has kubectl explain %s", async (path, field) => {
    const text = await on.kubectl(["explain", path]);
    expect(text).toMatch(new RegExp(`^ +${field}\\t<`, "m"));
    expect(text).not.toContain("<empty>");
  });

  it("changes nothing when it is done again", async () => {
    const versions = async (): Promise<(string | undefined)[]> =>
      (await on.get("deployments,services,roles,networkpolicies", "--namespace", namespace)).map(
        ({ kind, metadata }) => `${kind} ${metadata.name} ${String((metadata as Versioned).generation)}`,
      );
    const before = await versions();
    const { failed, stderr } = await on.install({ values: azureValues, args: ready });
    expect(failed, stderr).toBe(false);
    expect(await versions()).toEqual(before);
  });

  it("lets people with the roles view and edit do what they say", async () => {
    const may = async (role: string, verb: string, resource: string): Promise<string> => {
      const args = ["auth", "can-i", verb, resource, "--namespace", namespace, "--as", `${role}er`];
      return on.kubectl(args).catch((error: unknown) => (error as { stdout: string }).stdout);
    };
    for (const role of ["view", "edit"])
      await on.kubectl([
        ...["create", "rolebinding", `${role}ers`, `--clusterrole=${role}`, `--user=${role}er`],
        ...["--namespace", namespace],
      ]);
    await expect.poll(() => may("view", "list", "runtime-pools")).toBe("yes");
    expect(await may("view", "create", "runtime-pools")).toBe("no");
    await expect.poll(() => may("edit", "create", "runtime-pools")).toBe("yes");
    expect(await may("edit", "create", "route-classes")).toBe("no");
  });

  it("is left alone by an upgrade with values that are wrong", async () => {
    const { failed, stderr } = await on.install({ values: { operator: { replica: 1 } } });
    expect(failed).toBe(true);
    expect(stderr).toContain("additional properties 'replica' not allowed");
    const { stdout } = await on.helm(["list", "--namespace", namespace, "--output", "json"]);
    expect(JSON.parse(stdout)).toMatchObject([
      { name: "datalayer-operator", revision: "2", status: "deployed" },
    ]);
  });

  it("has its definitions follow an upgrade, and keeps what users made", async () => {
    await on.apply(pool);
    const [before] = await on.get("runtime-pools", "--namespace", namespace);
    await on.publish(await nextVersion(await on.dir("next")));
    const { failed, stderr } = await on.install({
      values: azureValues,
      args: [...ready, "--version", "0.1.1"],
    });
    expect(failed, stderr).toBe(false);
    expect(await on.kubectl(["explain", "runtime-pools.spec"])).toContain("fromTheNextVersion");
    const [after] = await on.get("runtime-pools", "--namespace", namespace);
    expect(after).toEqual(before);
  });

  it("leaves definitions, what users made and their builds behind when it goes, and nothing else", async () => {
    const { failed } = await on.helm(["uninstall", "datalayer-operator", "--namespace", namespace, "--wait"]);
    expect(failed).toBe(false);
    expect(await definitions()).toContain("runtime-pools.datalayer.io");
    expect(await on.get("runtime-pools", "--namespace", namespace)).toHaveLength(1);
    const kinds = (await on.kubectl(["api-resources", "--verbs=list", "--output=name"]))
      .split("\n")
      .join(",");
    const left = await on.get(kinds, "--all-namespaces", "--selector", "app=operator", "--ignore-not-found");
    const names = new Set(left.map(({ kind, metadata }) => `${kind} ${metadata.name}`));
    const kept = (await definitions()).map((name) => `CustomResourceDefinition ${name}`);
    expect([...names].toSorted()).toEqual([...kept, "Namespace datalayer-builds"].toSorted());
  });

  it("takes over what another release left only when it is told to", async () => {
    const other = { release: "other", namespace: "elsewhere" };
    const refused = await on.install(other);
    expect(refused.failed).toBe(true);
    expect(refused.stderr).toContain('Namespace "datalayer-builds"');
    expect(refused.stderr).toContain("invalid ownership metadata");
    const { failed, stderr } = await on.install({ ...other, args: ["--take-ownership", ...ready] });
    expect(failed, stderr).toBe(false);
    expect(await on.get("runtime-pools", "--namespace", namespace)).toHaveLength(1);
    expect((await on.helm(["uninstall", "other", "--namespace", "elsewhere", "--wait"])).failed).toBe(false);
  });
});

describe.each(["runtime-controller", "route-controller", "image-controller"])(
  "the chart %s alone",
  (chart) => {
    it("is installed, and removed", async () => {
      const release = `only-${chart}`;
      const args = ["--take-ownership", ...ready];
      const { failed, stderr } = await on.install({ chart, release, args });
      expect(failed, stderr).toBe(false);
      const pods = await on.get("pods", "--namespace", namespace, "--selector", "app=operator");
      expect(pods.length).toBeGreaterThan(0);
      expect((await on.helm(["uninstall", release, "--namespace", namespace, "--wait"])).failed).toBe(false);
    });
  },
);

describe("Pods of every profile", () => {
  it("are admitted where they have to be restricted, and others are not", async () => {
    const objects = await render(profiles["everything"]);
    await on.apply(
      ...ofKind(objects, "ServiceAccount").map(({ apiVersion, kind, metadata: { name } }) => ({
        ...{ apiVersion, kind, metadata: { name, namespace } },
      })),
    );
    for (const pod of podsOf(objects)) {
      const named = { ...pod, metadata: { ...pod.metadata, namespace } };
      expect(await admission(named)).toContain("created (server dry run)");
      const privileged = structuredClone(named);
      privileged.spec.containers[0]!.securityContext = { privileged: true };
      expect(await admission(privileged)).toContain('violates PodSecurity "restricted:latest"');
    }
  });
});

interface Versioned {
  generation?: number;
}

interface Schema {
  description?: string;
  properties?: Record<string, Schema>;
  items?: Schema;
  additionalProperties?: Schema;
  allOf?: object[];
}

/** The paths of fields without a description. */
function unexplained(schema: Schema, path: string): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const at = `${path}.${name}`;
    const own = field.description || field.allOf ? [] : [at];
    const nested = [field, field.items ?? {}, field.additionalProperties ?? {}];
    return [...own, ...nested.flatMap((one) => unexplained(one, at))];
  });
}

function admission(pod: Manifest): Promise<string> {
  const args = ["create", "--dry-run=server", "--filename", "-"];
  return on.kubectl(args, stringify(pod)).catch((error: unknown) => (error as { stderr: string }).stderr);
}

/** The charts as they may look in the next version: its number, and a new field. */
async function nextVersion(dir: string): Promise<string> {
  const folders = ["library", "operator", "runtime-controller", "route-controller", "image-controller"];
  for (const folder of folders) {
    await cp(join(chartsDir, folder), join(dir, folder), { recursive: true, verbatimSymlinks: true });
    const file = join(dir, folder, "Chart.yaml");
    await writeFile(file, (await readFile(file, "utf8")).replaceAll("ersion: 0.1.0", "ersion: 0.1.1"));
  }
  const definition = join(dir, "runtime-controller/files/crds/runtime-pools.datalayer.io.yaml");
  const text = await readFile(definition, "utf8");
  const environment = /^( +)environment:\n/m.exec(text)!;
  const field = `${environment[1]!}fromTheNextVersion: { type: string, description: New. }\n`;
  await writeFile(definition, text.replace(environment[0], field + environment[0]));
  return dir;
}
