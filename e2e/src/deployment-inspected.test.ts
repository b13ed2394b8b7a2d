import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { chartValues } from "@datalayer/tools/start/chart-values";
import { runCell } from "@datalayer/tools/start/kernel";
import { claimRuntime, type ClaimedRuntime, endRuntime } from "@datalayer/tools/start/rest";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Administrator, namespace } from "./administrator.ts";
import * as diagnosis from "./diagnosis.ts";
import { untilExampleWarm, warmExample } from "./stage.ts";

const release = "datalayer-operator";
const controllers = ["image-controller", "route-controller", "runtime-controller"];
const components = [...controllers, "verifier"];
const replicas = 2;

const ofCloud = "canary-of-cloud";
const ofUser = "canary-of-user";
const { signal } = new AbortController();

let admin: Administrator;
let values: string;

beforeAll(async () => {
  admin = await Administrator.start();
  const azure = {
    tenantId: "a-tenant",
    clientId: "a-client",
    clientSecret: ofCloud,
    subscriptionId: "a-subscription",
  };
  values = await admin.values("values.json", {
    operator: { replicas, cloudCredentials: { enabled: true, create: true, azure } },
    "route-controller": { replicas },
    verifier: { replicas },
    "image-controller": { replicas },
  });
  await install(release, namespace, admin.chart, values);
});

afterAll(() => admin.cluster.down());

const install = (name: string, to: string, chart: string, values: string): Promise<string> =>
  admin.helm([
    ...["upgrade", "--install", name, chart, "--plain-http", "--namespace", to, "--create-namespace"],
    ...["--take-ownership", "--wait", "--timeout", "180s", "--values", values],
  ]);

const helmTest = (): Promise<string> =>
  admin.helm(["test", release, "--namespace", namespace, "--logs", "--timeout", "120s"]);

describe("helm test", () => {
  it("passes: its Pods ask each process through its Service", async () => {
    const said = await helmTest();
    for (const url of [
      "http://datalayer-runtime-controller-metrics:8081/readyz",
      "http://datalayer-operator-svc:2111/api/operator/version",
      "http://datalayer-route-controller-metrics:8081/readyz",
      "http://datalayer-verifier-metrics:8081/readyz",
      "http://datalayer-image-controller-metrics:8081/readyz",
    ]) {
      expect(said).toContain(`${url}: 200`);
    }
  });

  it("fails where nobody answers, of which plane status knows the reason", async () => {
    const verifier = ["deployment/datalayer-verifier", "-n", namespace];
    const scale = async (count: number): Promise<void> => {
      await admin.kubectl(["scale", ...verifier, "--replicas", `${count}`]);
      await expect.poll(async () => diagnosis.replicasOf(admin, "verifier")).toHaveLength(count);
      await admin.kubectl(["rollout", "status", ...verifier]);
    };
    await scale(0);
    await expect(helmTest()).rejects.toThrow(
      "http://datalayer-verifier-metrics:8081/readyz: getaddrinfo ENOTFOUND",
    );
    expect(await diagnosis.problems(admin)).toEqual(["Deployment datalayer-verifier: Stopped"]);
    await scale(replicas);
  });
});

describe("an operator that is in use", () => {
  const image = { namespace: "datalayer-builds", name: "on-nothing" };
  const route = { namespace, name: "to-nowhere" };
  const bad = [
    `Image ${image.namespace}/${image.name}: BaseNotFound`,
    `Route ${route.namespace}/${route.name}: RefNotFound`,
  ] as const;
  let runtime: ClaimedRuntime;

  beforeAll(async () => {
    await warmExample(admin);
    const env_vars = [{ name: "CANARY", value: ofUser }];
    ({ runtime } = await claimRuntime(await admin.api(), signal, { env_vars }));
    await untilExampleWarm(admin.cluster);
  });

  afterAll(async () => {
    await endRuntime(await admin.api(), runtime);
    // Its controller has to record its usage before it may go itself.
    await admin.kubectl(["wait", "pod", runtime.pod_name, "-n", namespace, "--for=delete", "--timeout=60s"]);
  });

  it("is healthy in plane status, which names the leader of each controller and counts its pools", async () => {
    // The Route of a runtime that has just come may not be served yet.
    await expect.poll(() => diagnosis.problems(admin)).toEqual([]);
    const { code, answer } = await diagnosis.status(admin);
    expect(code).toBe(0);
    expect(answer.controllers.map(({ component, ready, desired }) => [component, ready, desired])).toEqual(
      components.map((component) => [component, replicas, replicas]),
    );
    for (const { component, leader } of answer.controllers) {
      const leaders = (await diagnosis.replicasOf(admin, component)).filter(({ isLeader }) => isLeader);
      const expected = controllers.includes(component) ? [leader] : [];
      expect(
        leaders.map(({ name }) => name),
        component,
      ).toEqual(expected);
    }
    expect(answer.pools).toMatchObject([
      { name: "python-simple-pool", desired: 3, available: 3, pending: 0, assigned: 1, ready: "True" },
    ]);
  });

  it("passes every check of plane check, and those of another plane up", async () => {
    const { code, answer } = await diagnosis.check(admin);
    expect(diagnosis.unwell(answer)).toEqual([]);
    expect(code).toBe(0);
    const given = ["--chart", admin.chart, "--values", values, "--", "--plain-http"];
    const pre = await admin.plane(["check", release, "--pre", ...given]);
    expect(pre.code, pre.stdout).toBe(0);
    expect(pre.stdout).toContain("√ the chart can be rendered");
  });

  it("lets its secrets and those of users get neither into a support bundle nor into logs", async () => {
    expect(await runCell(runtime, "import os; os.environ['CANARY']")).toBe(`'${ofUser}'`);
    const kept = ["datalayer-operator-api-key", "datalayer-operator-token-keys"];
    const own = await Promise.all(kept.map((name) => diagnosis.valuesOfSecret(admin, name)));
    const secrets = [ofCloud, ofUser, runtime.token, ...own.flat()];
    expect(secrets.length).toBeGreaterThan(4);

    const bundle = await diagnosis.supportBundle(admin);
    for (const component of components) {
      for (const { name } of await diagnosis.replicasOf(admin, component)) {
        const logs = [...bundle].filter(([path]) => path.startsWith(`logs/${name}/`));
        expect(logs.map(([, text]) => text).join(""), name).toContain("serving");
        expect(bundle.get("objects/pods.yaml")).toContain(`  name: ${name}\n`);
      }
      expect(bundle.get("objects/deployments.yaml")).toContain(`  name: datalayer-${component}\n`);
    }
    expect(bundle.get("objects/runtimes.yaml")).toContain(`  name: ${runtime.pod_name}\n`);
    expect(bundle.get("objects/runtime-pools.yaml")).toContain("  name: python-simple-pool\n");
    expect(bundle.get("objects/secrets.yaml")).toContain(`  name: ${runtime.pod_name}-claim\n`);
    expect(bundle.get("helm.json")).toContain('"clientSecret": "[redacted]"');
    for (const [path, text] of bundle) expect(diagnosis.leakedInto(text, secrets), path).toEqual([]);

    const { stdout } = await admin.plane(["logs", release, "--no-follow", "--tail", "100000"]);
    expect(stdout).toContain("serving");
    expect(diagnosis.leakedInto(stdout, secrets), "plane logs").toEqual([]);
    for (const label of ["app=operator", "app=runtime-pools"]) {
      expect(diagnosis.leakedInto(await diagnosis.logsOf(admin, label), secrets), label).toEqual([]);
    }
  });

  it("says in plane status what is not ready and why, and fails", async () => {
    const apiVersion = "datalayer.io/v1";
    const dockerfile = `FROM ${admin.registry}/nothing:here\n`;
    const output = { repository: `${admin.registry}/environments/on-nothing` };
    const rules = [{ targets: [{ service: { name: "nowhere" }, port: 80 }] }];
    const spec = { hosts: ["nowhere.example.com"], auth: { none: {} }, rules };
    await admin.create(
      { apiVersion, kind: "Image", metadata: image, spec: { source: { inline: { dockerfile } }, output } },
      { apiVersion, kind: "Route", metadata: route, spec },
    );
    await expect.poll(() => diagnosis.problems(admin), { timeout: 60_000 }).toEqual(bad);
    const { code, stdout, stderr } = await admin.plane(["status", release]);
    expect(code).toBe(1);
    for (const problem of bad) expect(stdout).toContain(problem);
    expect(stdout).toMatch(/^Images: 1, 1 not ready$/m);
    expect(stderr).toContain(`plane check ${release} -n ${namespace}`);
  });

  it("fails the checks of plane check that this concerns, each with a hint", async () => {
    const { code, answer } = await diagnosis.check(admin);
    expect(code).toBe(1);
    expect(answer.success).toBe(false);
    const unwell = diagnosis.unwell(answer);
    expect(unwell.map(({ id, result }) => [id, result])).toEqual([
      ["images", "error"],
      ["routes", "error"],
    ]);
    const { stdout } = await admin.plane(["check", release]);
    for (const [index, { message, hint }] of unwell.entries()) {
      expect(message).toContain(bad[index]);
      expect(stdout).toContain(`see ${hint}\n`);
    }
    await admin.kubectl(["delete", "images.datalayer.io", image.name, "-n", image.namespace]);
    await admin.kubectl(["delete", "routes.datalayer.io", route.name, "-n", route.namespace]);
    expect((await admin.plane(["check", release, "--wait", "60s"])).code).toBe(0);
  });
});

describe("the charts of the controllers, without the umbrella", () => {
  beforeAll(() => admin.helm(["uninstall", release, "--namespace", namespace, "--wait"]));

  describe.each(controllers)("%s alone", (chart) => {
    const of = `only-${chart}`;
    const processes = chart === "route-controller" ? [chart, "verifier"] : [chart];

    it.each([0, 3, 1])("has %i replicas ready, and one of them leads", async (count) => {
      const { global, extraEnv } = chartValues(admin.cluster);
      const verifier = chart === "route-controller" && { verifier: { extraEnv, replicas: count } };
      const path = join(admin.cluster.directory, `${of}-${count}.json`);
      await writeFile(path, JSON.stringify({ global, extraEnv, replicas: count, ...verifier }));
      await install("alone", of, admin.chart.replace(/operator$/, chart), path);
      const stopped = processes.map((name) => `Deployment datalayer-${name}: Stopped`);
      await expect
        .poll(() => diagnosis.problems(admin, "alone", "-n", of))
        .toEqual(count === 0 ? stopped : []);
      for (const name of processes) {
        await expect.poll(() => diagnosis.replicasOf(admin, name, of)).toHaveLength(count);
      }
      const leaders = async (): Promise<number> =>
        (await diagnosis.replicasOf(admin, chart, of)).filter(({ isLeader }) => isLeader).length;
      await expect.poll(leaders).toBe(Math.min(count, 1));
    });

    it("goes", () => admin.helm(["uninstall", "alone", "--namespace", of, "--wait"]));
  });
});
