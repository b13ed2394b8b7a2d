import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterFile } from "@datalayer/devcluster/testkit/cluster";
import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { loadAccess } from "@datalayer/shared/kube/access";
import { ConfigMap, Pod } from "@datalayer/shared/kube/kinds";
import { RestClient } from "@datalayer/shared/kube/rest";
import { tokenOf } from "@datalayer/shared/kube/testkit/chart";
import { beforeAll, describe, expect, it } from "vitest";
import { type Harness, startHarness } from "../harness.ts";
import { verifierAccount } from "./test-verifier.ts";

const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
let harness: Harness;

beforeAll(async () => {
  harness = await startHarness();
}, 120_000);

async function linkOf(name: string) {
  const { namespace, admin, proxy } = harness;
  return proxy.client(name, { token: await tokenOf(admin, { namespace, name: verifierAccount }) });
}

interface VerifierProcess {
  child: ChildProcess;
  url: string;
  opsUrl: string;
}

/** Starts `route-controller verifier`; it serves on return. */
async function start(settings: Record<string, string>): Promise<VerifierProcess> {
  const { kubeconfigPath } = await linkOf("process");
  // It must not outlive the test, however that one ends.
  const child = spawn("setpriv", ["--pdeathsig", "KILL", process.execPath, main, "verifier"], {
    stdio: ["ignore", "ignore", "pipe"],
    env: {
      KUBECONFIG: kubeconfigPath,
      DATALAYER_WATCH_NAMESPACES: harness.namespace,
      DATALAYER_VERIFIER_PORT: "0",
      DATALAYER_OPS_PORT: "0",
      ...settings,
    },
  });
  afterFile(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  });
  const told: string[] = [];
  for await (const line of createInterface(child.stderr)) {
    told.push(line);
    const { message, address, ops_address: opsUrl } = JSON.parse(line) as Record<string, string>;
    if (message !== "serving" || address === undefined || opsUrl === undefined) continue;
    // Read on, or the pipe fills and stops it.
    child.stderr.resume();
    return { child, url: local(address), opsUrl: local(opsUrl) };
  }
  throw new Error(`the verifier did not start:\n${told.join("\n")}`);
}

/** It listens at all addresses and tells one of them, which may be another test file's for a while. */
function local(address: string): string {
  return `http://127.0.0.1:${new URL(address).port}`;
}

const uid = "00000000-0000-4000-8000-000000000000";

describe("route-controller verifier", () => {
  it("answers until it has said for a while that it is going, and then ends", async () => {
    const { child, url, opsUrl } = await start({ DATALAYER_VERIFIER_DRAIN_DELAY: "3s" });
    const readyz = async (): Promise<number> => (await fetch(`${opsUrl}/readyz`)).status;
    await eventually(async () => (await readyz()) === 200, { message: "the verifier being ready" });
    expect((await fetch(`${url}/verify/${uid}`)).status).toBe(403);
    const exited = once(child, "exit");
    child.kill("SIGTERM");
    await eventually(async () => (await readyz()) === 503, { message: "the verifier being unready" });
    expect((await fetch(`${url}/verify/${uid}`)).status).toBe(403);
    expect(await exited).toEqual([0, null]);
  });

  it("serves its metrics beside the port of the questions, and questions beside that of the metrics", async () => {
    const { url, opsUrl } = await start({});
    expect(await (await fetch(`${opsUrl}/metrics`)).text()).toContain("datalayer_verifier_decision");
    expect((await fetch(`${url}/metrics`)).status).toBe(404);
    expect((await fetch(`${opsUrl}/verify/${uid}`)).status).toBe(404);
  });
});

describe("the rights of the verifier", () => {
  it("are to read Routes, classes and Secrets, and to write nothing", async () => {
    const { kubeconfigYaml } = await linkOf("rights");
    const access = loadAccess({ kubeconfigYaml });
    const client = new RestClient({ access, userAgent: "test", fieldManager: "test" });
    afterFile(() => client.close());
    const { namespace } = harness;
    const metadata = { namespace, name: "mine" };
    await expect(
      client.create(ConfigMap, { apiVersion: "v1", kind: "ConfigMap", metadata }),
    ).rejects.toMatchObject({ isForbidden: true });
    await expect(client.list(Pod, { namespace })).rejects.toMatchObject({ isForbidden: true });
  });
});
