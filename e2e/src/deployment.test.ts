import { readFile } from "node:fs/promises";
import { compareRights, type Comparison, type RbacObject } from "@datalayer/shared/kube/testkit/rights";
import { environmentOfExample } from "@datalayer/tools/start/example";
import { Kernel, runCell } from "@datalayer/tools/start/kernel";
import { claimRuntime, type ClaimedRuntime, endRuntime, listRuntimes } from "@datalayer/tools/start/rest";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Administrator, namespace } from "./administrator.ts";
import { readAuditLog } from "./audit-log.ts";
import { Claims } from "./claims.ts";
import { addedSince, type Inventory, takeInventory } from "./deployment-inventory.ts";
import { usedElsewhere } from "./deployment-rights-elsewhere.ts";
import { untilExampleWarm, warmExample } from "./stage.ts";

const release = "datalayer-operator";
const verifiers = "app.kubernetes.io/component=verifier";
const { signal } = new AbortController();

/** The objects of our kinds, and what the administrator brought for builds. */
const madeByUsers = /^datalayer\.io\/v1\/|\/package-sources$/;

interface LogLine {
  component: string;
}

let admin: Administrator;
let before: Inventory;

beforeAll(async () => {
  admin = await Administrator.start();
  // Every Pod of it has to be restricted.
  const level = "pod-security.kubernetes.io/enforce=restricted";
  await admin.kubectl(["create", "namespace", namespace]);
  await admin.kubectl(["label", "namespace", namespace, level]);
  before = await takeInventory(admin);
});

afterAll(() => admin.cluster.down());

async function claim(): Promise<ClaimedRuntime> {
  return (await claimRuntime(await admin.api(), signal)).runtime;
}

const up = (values: string, ...args: string[]) =>
  admin.plane(["up", release, "--chart", admin.chart, "--values", values, ...args, "--", "--plain-http"]);

describe("plane up", () => {
  it("installs the operator from the registry, in restricted Pods that all become ready, and says what comes next", async () => {
    const { code, stdout, stderr } = await up(await admin.values("values.json"));
    expect(code, stderr).toBe(0);
    expect(stdout + stderr).toContain(`kubectl get pods -n ${namespace} -l app=operator`);
    const pods = await admin.kubectl(["get", "pods", "-n", namespace, "-l", "app=operator", "--no-headers"]);
    expect(pods.split("\n").every((line) => /\s1\/1\s+Running\s/.test(line))).toBe(true);
    expect(pods).toMatch(/^datalayer-runtime-controller-/m);
    expect(pods).toMatch(/^datalayer-route-controller-/m);
    expect(pods).toMatch(/^datalayer-verifier-/m);
    expect(pods).toMatch(/^datalayer-image-controller-/m);
  });

  it("is shown by plane ls", async () => {
    const { stdout } = await admin.plane(["ls", "--namespace", namespace, "-o", "json"]);
    const [row] = JSON.parse(stdout) as {
      name: string;
      status: string;
      pods: { ready: number; desired: number };
    }[];
    expect(row).toMatchObject({ name: release, status: "deployed" });
    expect(row?.pods.ready).toBe(row?.pods.desired);
  });

  it.each(["runtime-contents", "runtime-environments", "runtime-pools", "routes", "route-classes", "images"])(
    "brings the kind %s, which kubectl explains",
    async (plural) => {
      const name = `${plural}.datalayer.io`;
      expect(await admin.kubectl(["get", "crd", name, "-o", "name"])).toBe(
        `customresourcedefinition.apiextensions.k8s.io/${name}`,
      );
      const explained = await admin.kubectl(["explain", `${plural}.spec`, "--recursive"]);
      expect(explained).toMatch(/^FIELDS:$/m);
    },
  );

  it("is followed by plane logs, which shows the lines of whom and of what weight it is asked for", async () => {
    const logs = async (...flags: string[]): Promise<LogLine[]> => {
      const { code, stdout, stderr } = await admin.plane([
        "logs",
        release,
        "--no-follow",
        "-o",
        "json",
        ...flags,
      ]);
      expect(code, stderr).toBe(0);
      return stdout.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line) as LogLine]));
    };
    const of = (lines: readonly LogLine[]) =>
      [...new Set(lines.map(({ component }) => component))].toSorted();
    const all = ["image-controller", "route-controller", "runtime-controller", "verifier"];
    expect(of(await logs())).toEqual(all);
    expect(of(await logs("-c", "verifier", "-c", "image-controller"))).toEqual([
      "image-controller",
      "verifier",
    ]);
    expect(await logs("--level", "error")).toEqual([]);
    const { code, stderr } = await admin.plane(["logs", release, "--no-follow", "-c", "nobody"]);
    expect(code).toBe(1);
    expect(stderr).toContain(`release "${release}" has no Pods of nobody in namespace ${namespace}`);
  });

  it("is followed by plane logs also into Pods that come later, until it is interrupted", async () => {
    const following = admin.start("plane", ["logs", release, "-c", "verifier", "--tail", "1"]);
    const said = new Set<string>();
    following.stdout.on("data", (chunk: Buffer) => {
      for (const [pod] of chunk.toString().matchAll(/^verifier\/\w+/gm)) said.add(pod);
    });
    await expect.poll(() => said.size, { timeout: 30_000 }).toBe(2);
    await admin.kubectl(["delete", "pods", "-n", namespace, "-l", verifiers, "--wait=false"]);
    await expect.poll(() => said.size, { timeout: 60_000 }).toBe(4);
    following.kill("SIGINT");
    expect((await following).exitCode).toBe(130);
    await admin.kubectl(["rollout", "status", "deployment/datalayer-verifier", "-n", namespace]);
  });

  it("leaves logs that are JSON, one object a line", async () => {
    const logs = await admin.kubectl(["logs", "-n", namespace, "-l", "app=operator", "--tail", "-1"]);
    const lines = logs.split("\n").map((line) => JSON.parse(line) as { level: string; message: string });
    expect(lines.map(({ message }) => message)).toContain("serving");
    expect(lines.filter(({ level }) => level === "error")).toEqual([]);
  });
});

describe("an installed operator", () => {
  it("hands out a runtime that its user reaches through its Route", async () => {
    await warmExample(admin);
    const runtime = await claim();
    expect(runtime.ingress).toContain(admin.entryPoint);
    expect(await runCell(runtime, "6*7")).toBe("42");
    await endRuntime(await admin.api(), runtime);
  });

  it("is upgraded, all of it, while users claim: every claim is answered once, and nobody at work notices", async () => {
    await untilExampleWarm(admin.cluster);
    const atWork = await claim();
    const held = [atWork, await claim()];
    const old = await podsOfOperator();
    const processes = new Set(old.map((pod) => pod.split("-").slice(0, -2).join("-")));
    expect([...processes].toSorted()).toEqual([
      "datalayer-image-controller",
      "datalayer-route-controller",
      "datalayer-runtime-controller",
      "datalayer-verifier",
    ]);
    const users = ["user-1", "user-2", "user-3"].map((name) => new Claims(name, () => admin.api()));
    const over = new AbortController();
    const cells = runCellsUntil(over.signal, atWork);
    const changed = { podAnnotations: { example: "upgrade" } };
    const values = await admin.values("upgraded.json", {
      operator: changed,
      "route-controller": changed,
      "image-controller": changed,
    });
    const { code, stderr } = await up(values);
    expect(code, stderr).toBe(0);
    const remaining = async () => (await podsOfOperator()).filter((pod) => old.includes(pod));
    await expect.poll(remaining, { timeout: 60_000 }).toEqual([]);
    over.abort();
    expect(await cells).toBeGreaterThan(1);
    const handedOut = await Promise.all(users.map((user) => user.end()));
    for (const pods of handedOut) expect(pods.length).toBeGreaterThan(0);
    const all = [...handedOut.flat(), ...held.map(({ pod_name }) => pod_name)];
    expect(new Set(all).size).toBe(all.length);
    // A runtime stays in the list until its node has confirmed its end.
    const had = async () => (await listRuntimes(await admin.api())).map(({ pod_name }) => pod_name);
    await expect
      .poll(async () => (await had()).toSorted(), { timeout: 60_000 })
      .toEqual(held.map(({ pod_name }) => pod_name).toSorted());
    for (const runtime of held) {
      expect(runtime.ingress).toContain(admin.entryPoint);
      expect(await runCell(runtime, "6*7")).toBe("42");
      await endRuntime(await admin.api(), runtime);
    }
  });

  /** Runs one cell after the other on one connection, all of which have to be answered; resolves with their number. */
  async function runCellsUntil(over: AbortSignal, runtime: ClaimedRuntime): Promise<number> {
    const kernel = await Kernel.start(runtime);
    let cells = 0;
    for (; !over.aborted; cells++) {
      // A cell takes its time: of two cores, the upgrade needs the most.
      expect(await kernel.run(`import time; time.sleep(0.1); ${cells} + 1`)).toBe(String(cells + 1));
    }
    kernel.leave();
    return cells;
  }

  async function podsOfOperator(): Promise<string[]> {
    const pods = ["pods", "-n", namespace, "-l", "app=operator"];
    const names = await admin.kubectl(["get", ...pods, "-o", "jsonpath={.items[*].metadata.name}"]);
    return names.split(" ");
  }
});

describe("an Image", () => {
  it("is built without root, a pool is rolled to it, and a kernel has a package that only it holds", async () => {
    const builds = "datalayer-builds";
    const { packageIndex = "" } = admin.cluster;
    const pipConf = `[global]\nindex-url = ${packageIndex}\ntrusted-host = ${new URL(packageIndex).host}\n`;
    await admin.create(
      {
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name: "package-sources", namespace: builds },
        stringData: { "pip.conf": pipConf },
      },
      {
        apiVersion: "datalayer.io/v1",
        kind: "Image",
        metadata: { name: "with-humanize", namespace: builds },
        spec: {
          source: {
            environment: { base: `${admin.registry}/datalayer/jupyter:dev`, pip: ["humanize==4.17.0"] },
          },
          output: { repository: `${admin.registry}/environments/with-humanize` },
        },
      },
    );
    const image = ["images.datalayer.io", "with-humanize", "-n", builds];
    await admin.kubectl(["wait", ...image, "--for=condition=Ready", "--timeout=150s"]);
    const built = await admin.kubectl(["get", ...image, "-o", "jsonpath={.status.image}"]);
    const named = JSON.stringify({ spec: { dockerImage: null, image: { name: "with-humanize" } } });
    const environment = ["runtime-environments.datalayer.io", environmentOfExample, "-n", namespace];
    await admin.kubectl(["patch", ...environment, "--type=merge", "--patch", named]);
    await expect.poll(() => imagesOfPool(), { timeout: 120_000 }).toEqual(new Set([built]));
    const runtime = await claim();
    expect(await runCell(runtime, "import humanize; humanize.intcomma(1234567)")).toBe("'1,234,567'");
    await endRuntime(await admin.api(), runtime);
  });

  it("is cancelled, and takes what it published with it when it goes", async () => {
    const name = "brief";
    const image = ["images.datalayer.io", name, "-n", "datalayer-builds"];
    const dockerfile = (step: string) => `FROM ${admin.registry}/datalayer/debian:bookworm\nRUN ${step}\n`;
    await admin.create({
      apiVersion: "datalayer.io/v1",
      kind: "Image",
      metadata: { name, namespace: "datalayer-builds" },
      spec: {
        source: { inline: { dockerfile: dockerfile("true") } },
        output: { repository: `${admin.registry}/environments/${name}` },
        retention: { onDelete: "Delete" },
      },
    });
    await admin.kubectl(["wait", ...image, "--for=condition=Ready", "--timeout=150s"]);
    const endless = { spec: { source: { inline: { dockerfile: dockerfile("sleep infinity") } } } };
    await admin.kubectl(["patch", ...image, "--type=merge", "--patch", JSON.stringify(endless)]);
    await admin.kubectl(["wait", ...image, "--for=jsonpath={.status.phase}=Building", "--timeout=60s"]);
    expect(await admin.askImages("GET", `datalayer-builds/${name}/logs`)).toBe(200);
    const another = "logs?follow=true&attempt=another";
    expect(await admin.askImages("GET", `datalayer-builds/${name}/${another}`)).toBe(404);
    expect(await admin.askImages("POST", `datalayer-builds/${name}/cancel`)).toBe(202);
    const active = "jsonpath={.items[?(@.status.active)].metadata.name}";
    const jobs = () => admin.kubectl(["get", "jobs", "-n", "datalayer-builds", "-o", active]);
    await expect.poll(jobs, { timeout: 60_000 }).toBe("");
    await admin.kubectl(["delete", ...image, "--timeout=60s"]);
    const tags = await fetch(`http://${admin.registry}/v2/environments/${name}/tags/list`);
    expect(await tags.text()).not.toContain("latest");
  });

  async function imagesOfPool(): Promise<Set<string>> {
    const pods = ["pods", "-n", namespace, "-l", "app=runtime-pools"];
    const images = await admin.kubectl([
      "get",
      ...pods,
      "-o",
      "jsonpath={.items[*].spec.containers[0].image}",
    ]);
    return new Set(images.split(" "));
  }
});

describe("rights", () => {
  let compared: Comparison;
  beforeAll(async () => {
    const kinds = "roles,rolebindings,clusterroles,clusterrolebindings";
    const { items } = JSON.parse(await admin.kubectl(["get", kinds, "-A", "-o", "json"])) as {
      items: RbacObject[];
    };
    const log = await readFile(admin.cluster.auditLogPath, "utf8");
    compared = compareRights(items, readAuditLog(log, namespace), namespace);
  });

  it("suffice for all of this", () => {
    expect(compared.granted.length).toBeGreaterThan(100);
    expect(compared.refused).toEqual([]);
  });

  it("are all used, here or where it is said", () => {
    expect(compared.unused.filter((right) => !usedElsewhere.includes(right))).toEqual([]);
  });

  it("are there, where it is said that they are used elsewhere", () => {
    expect(usedElsewhere.filter((right) => !compared.granted.includes(right))).toEqual([]);
  });
});

describe("plane down", () => {
  it("asks to end the runtimes of users first, then removes the operator and nothing of its users", async () => {
    await untilExampleWarm(admin.cluster);
    const runtime = await claim();
    const refused = await admin.plane(["down", release, "--namespace", namespace, "--yes"]);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(runtime.pod_name);
    await endRuntime(await admin.api(), runtime);
    await expect.poll(async () => listRuntimes(await admin.api())).toEqual([]);
    const ofUsers = addedSince(before, await takeInventory(admin)).filter((name) => madeByUsers.test(name));
    expect(ofUsers).toContain(`datalayer.io/v1/RuntimePool ${namespace}/python-simple-pool`);
    const { code, stderr } = await admin.plane(["down", release, "--namespace", namespace, "--yes"]);
    expect(code, stderr).toBe(0);
    const left = async (): Promise<Set<string>> => {
      const names = addedSince(before, await takeInventory(admin));
      return new Set(names.map((name) => name.replace(/(?<=\/runtime-usage)-\d+$/, "")));
    };
    await expect
      .poll(left, { timeout: 60_000 })
      .toEqual(
        new Set([
          ...[
            "images",
            "route-classes",
            "routes",
            "runtime-contents",
            "runtime-environments",
            "runtime-pools",
          ].map((plural) => `apiextensions.k8s.io/v1/CustomResourceDefinition ${plural}.datalayer.io`),
          ...ofUsers,
          `v1/ConfigMap ${namespace}/datalayer-operator-scaling`,
          `v1/ConfigMap ${namespace}/runtime-usage`,
          "v1/Namespace datalayer-builds",
          `v1/Secret ${namespace}/datalayer-operator-api-key`,
          `v1/Secret ${namespace}/datalayer-operator-token-keys`,
        ]),
      );
    for (const name of ["of builds  datalayer-builds", "runtime-usage-0"]) {
      expect(stderr).toContain(name);
    }
  });
});
