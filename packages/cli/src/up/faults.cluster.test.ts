import { eventually } from "@datalayer/devcluster/testkit/eventually";
import {
  answer,
  type FaultHandle,
  type FaultProxy,
  hold,
  startFaultProxy,
} from "@datalayer/devcluster/testkit/fault-proxy";
import { Lease, Secret } from "@datalayer/shared/kube/kinds";
import { tokenOf } from "@datalayer/shared/kube/testkit/chart";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Desk } from "../../test/plane.ts";

let desk: Desk;
let proxy: FaultProxy;

beforeAll(async () => {
  desk = await Desk.create();
  proxy = await startFaultProxy(desk);
});
afterAll(async () => {
  await proxy.close();
  await desk.leave();
});

/** The way of one command through the proxy. */
async function way(name: string): Promise<{ env: { KUBECONFIG: string } }> {
  const { kubeconfigPath } = await proxy.client(name);
  return { env: { KUBECONFIG: kubeconfigPath } };
}

/** Has Helm wait in the middle of its work: with its record written, before it makes the first Deployment. */
function holdHelm(client: string): FaultHandle {
  return proxy.inject({ client, verb: ["create", "patch"], resource: "deployments", act: hold() });
}

/** Kills a command, and the Helm that it runs, once Helm is at the Deployments; answers with what Helm left behind. */
async function killAtDeployments(args: string[], release: string): Promise<string> {
  const client = `killed-${release}`;
  const verb = ["create", "patch", "delete"] as const;
  const rule = proxy.inject({ client, verb, resource: "deployments", act: hold() });
  const killed = desk.start(args, await way(client));
  await rule.struck();
  process.kill(-killed.pid!, "SIGKILL");
  await killed;
  rule.remove();
  const { stdout } = await desk.helm(["status", release, "--output", "json"]);
  return (JSON.parse(stdout) as { info: { status: string } }).info.status;
}

describe("plane up, killed in the middle", () => {
  it("is put right by the next one, which waits until it is certain that nobody works on it", async () => {
    expect(await killAtDeployments(upOf("broken"), "broken")).toBe("pending-install");

    const { code, stderr } = await desk.up("broken", ["--no-wait"]);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(stderr).toMatch(/works on it: waiting until that has ended, or has been silent for 15 s/);
    expect(stderr).toContain('Release "broken": its last operation was interrupted (pending-install)');
    expect(await desk.find(Lease, "plane-broken")).toBeUndefined();
    await desk.plane(["down", "broken", "--yes"]);
  });
});

describe("a release that Helm has left pending, and that nobody is seen to work on", () => {
  it("is left alone, for some time, unless the administrator says that nobody works on it", async () => {
    expect(await killAtDeployments(upOf("unsure"), "unsure")).toBe("pending-install");
    await desk.delete(Lease, "plane-unsure");
    const refused = await desk.up("unsure", ["--no-wait"]);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(
      /Error: release "unsure" is pending-install for \S+: Helm may be at work on it/,
    );
    expect(refused.stderr).toContain("plane up unsure --take-over");
    const taken = await desk.up("unsure", ["--no-wait", "--take-over"]);
    expect({ code: taken.code, stderr: taken.stderr }).toMatchObject({ code: 0 });
    expect(taken.stderr).toContain(
      'Release "unsure": its last operation was interrupted (pending-install); that is put right now.',
    );
    await desk.plane(["down", "unsure", "--yes"]);
  });
});

describe("a release whose last operation failed", () => {
  it("is installed by the next one, which says that it tries again", async () => {
    const rule = proxy.inject({
      client: "failing",
      verb: ["create", "patch"],
      resource: "deployments",
      act: answer(422, { reason: "Invalid" }),
    });
    const failed = await desk.plane(upOf("again"), await way("failing"));
    expect(failed.code).toBe(1);
    rule.remove();
    const { stdout } = await desk.helm(["status", "again", "--output", "json"]);
    expect(JSON.parse(stdout)).toMatchObject({ info: { status: "failed" } });
    const { code, stderr } = await desk.up("again", ["--no-wait"]);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(stderr).toContain('Release "again": its last operation failed; it is tried again.');
    await desk.plane(["down", "again", "--yes"]);
  });
});

describe("plane down, killed in the middle", () => {
  it("is finished by the next plane up, which installs the release anew", async () => {
    expect(await desk.up("going", ["--no-wait"])).toMatchObject({ code: 0 });
    expect(await killAtDeployments(["down", "going", "--yes"], "going")).toBe("uninstalling");
    const { code, stderr } = await desk.up("going", ["--no-wait"]);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(stderr).toContain(
      'Release "going": its removal was interrupted; that was finished, and it is installed anew.',
    );
    expect((await desk.find(Secret, "sh.helm.release.v1.going.v1"))?.metadata.labels).toMatchObject({
      status: "deployed",
    });
    await desk.plane(["down", "going", "--yes"]);
  });
});

describe("plane up, interrupted", () => {
  it("ends with 130, gives back the lock, and is put right by the next one", async () => {
    const rule = holdHelm("interrupted");
    const running = desk.start(upOf("stopped"), await way("interrupted"));
    await rule.struck();
    running.kill("SIGINT");
    const { exitCode, stderr } = await running;
    rule.remove();
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 130 });
    expect(await desk.find(Lease, "plane-stopped")).toBeUndefined();

    const next = await desk.up("stopped", ["--no-wait"]);
    expect(next).toMatchObject({ code: 0 });
    expect(next.stderr).toMatch(/its last operation (failed|was interrupted)/);
    await desk.plane(["down", "stopped", "--yes"]);
  });
});

describe("two of plane up at once", () => {
  it("work one after another", async () => {
    const rule = holdHelm("first");
    const first = desk.start(upOf("both"), await way("first"));
    await rule.struck();
    const second = desk.start(upOf("both"));
    let said = "";
    second.stderr.on("data", (text) => (said += String(text)));
    await eventually(() => said.includes("works on it: waiting"));
    rule.remove();
    expect((await first).exitCode).toBe(0);
    expect((await second).exitCode).toBe(0);
    expect((await desk.find(Secret, "sh.helm.release.v1.both.v2"))?.metadata.labels).toMatchObject({
      status: "deployed",
    });
    await desk.plane(["down", "both", "--yes"]);
  });
});

/** Without a wait: what is looked at is over before. */
function upOf(release: string): string[] {
  return ["up", release, "--values", `${desk.home}/small.json`, "--no-wait"];
}

function kubeconfigOf(server: string): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "prod", cluster: { server } }],
    users: [{ name: "admin", user: { token: "canary-token" } }],
    contexts: [{ name: "prod", context: { cluster: "prod", user: "admin" } }],
    "current-context": "prod",
  });
}

describe("plane up, where it cannot work", () => {
  const cases: [string, () => Promise<{ args?: string[]; env: Record<string, string> }>, number, RegExp[]][] =
    [
      [
        "nobody answers",
        async () => ({ env: { KUBECONFIG: await desk.file("closed", kubeconfigOf("https://127.0.0.1:1")) } }),
        1,
        [
          /Error: cannot reach the API server of context "prod" \(https:\/\/127.0.0.1:\d+\): .*ECONNREFUSED/,
          /Next: kubectl cluster-info --context prod/,
        ],
      ],
      [
        "there is no kubeconfig",
        () => Promise.resolve({ env: { KUBECONFIG: "/nonexistent/kubeconfig" } }),
        2,
        [/Error: no cluster to work on: .*\/nonexistent\/kubeconfig/],
      ],
      [
        "there is no such context",
        () => Promise.resolve({ args: ["--context", "elsewhere"], env: {} }),
        2,
        [/Error: no cluster to work on: .*elsewhere/, /Next: kubectl config get-contexts/],
      ],
      [
        "there is no Helm",
        () => Promise.resolve({ env: { PLANE_HELM: "" } }),
        1,
        [/Error: helm is not installed/, /Next: install Helm/],
      ],
      [
        "the file that the variable names is absent",
        () => Promise.resolve({ env: { DATALAYER_OPERATOR_AZURE_VALUES_FILE: "/nonexistent/azure.json" } }),
        2,
        [
          /Error: DATALAYER_OPERATOR_AZURE_VALUES_FILE=\/nonexistent\/azure.json: expected a readable file .*ENOENT/,
        ],
      ],
      [
        "the file with credentials is malformed",
        async () => ({
          env: {
            DATALAYER_OPERATOR_AZURE_VALUES_FILE: await desk.file(
              "half.json",
              '{"operator":{"cloudCredentials":{"azure":{"tenantId":"canary-tenant","clientId":7}}}}',
            ),
          },
        }),
        2,
        [
          /operator\.cloudCredentials\.azure\.clientId: expected a text\n/,
          /azure\.clientSecret: expected a text/,
        ],
      ],
      [
        "there is no such chart",
        () => Promise.resolve({ args: ["--chart", "/nonexistent/chart"], env: {} }),
        2,
        [/Error: the chart cannot be read: .*\/nonexistent\/chart/, /Next: name one with --chart/],
      ],
    ];

  it.each(cases)("says so when %s", async (_name, situation, expected, patterns) => {
    const { args = [], env } = await situation();
    const { code, stderr } = await desk.plane(["up", "never", ...args], { env });
    expect({ code, stderr }).toMatchObject({ code: expected });
    for (const pattern of patterns) expect(stderr).toMatch(pattern);
    expect(stderr).not.toContain("canary");
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(await desk.find(Secret, "sh.helm.release.v1.never.v1")).toBeUndefined();
  });

  it("says which right is missing, to somebody who has none", async () => {
    const token = await tokenOf(desk.admin, { namespace: "default", name: "default" });
    const { kubeconfigPath } = await proxy.client("nobody", { token });
    const { code, stderr } = await desk.plane(["up", "never"], { env: { KUBECONFIG: kubeconfigPath } });
    expect(code).toBe(1);
    expect(stderr).toMatch(/Error: not allowed on context .*cannot (get|list) resource "\w+"/);
    expect(stderr).toContain("Next: plane check --pre");
  });
});
