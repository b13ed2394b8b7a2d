import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { type StartedCluster, startCluster } from "@datalayer/devcluster/cluster";
import { stderrProgress } from "@datalayer/devcluster/progress";
import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import { loadAccess } from "@datalayer/shared/kube/access";
import { RestClient } from "@datalayer/shared/kube/rest";
import { applyExample, poolOfExample } from "@datalayer/tools/start/example";
import { runCell } from "@datalayer/tools/start/kernel";
import { startOperator } from "@datalayer/tools/start/operator";
import { claimRuntime, type ClaimedRuntime, type OperatorApi } from "@datalayer/tools/start/rest";
import { untilWarm } from "@datalayer/tools/start/watching";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const cullSeconds = 15;
const { signal } = new AbortController();

let cluster: StartedCluster;
let api: OperatorApi;
let kube: RestClient;

beforeAll(async () => {
  const progress = stderrProgress();
  cluster = await startCluster({ nodes: "real", traefik: false, progress });
  api = await startOperator(cluster, progress);
  kube = new RestClient({
    access: loadAccess({ kubeconfigPath: cluster.kubeconfigPath }),
    userAgent: "e2e",
    fieldManager: "e2e",
  });
  await applyExample(cluster, undefined);
  await untilWarm(cluster, poolOfExample, { note: () => undefined, signal });
});

afterAll(async () => {
  await kube.close();
  await cluster.down();
});

interface UsageRecord {
  pod_name: string;
  reason: string;
  ended_at: string;
}

async function ask<Answer>(path: string, method = "GET"): Promise<Answer> {
  const headers = { "x-api-key": (await readFile(api.apiKeyPath, "utf8")).trim() };
  const response = await fetch(`${api.apiUrl}/v1${path}`, { method, headers });
  expect(response.status).toBe(200);
  return (await response.json()) as Answer;
}

async function usageOf({ pod_name }: ClaimedRuntime): Promise<UsageRecord | undefined> {
  const { usage } = await ask<{ usage: UsageRecord[] }>("/usage");
  return usage.find((record) => record.pod_name === pod_name);
}

function usageIn(runtime: ClaimedRuntime, what: string): Promise<UsageRecord> {
  return eventually(() => usageOf(runtime), {
    timeoutMs: 120_000,
    intervalMs: 500,
    message: `usage of ${what}`,
  });
}

/** Starts a kernel and connects to it. */
async function connect({ ingress, token }: ClaimedRuntime): Promise<WebSocket> {
  const headers = { authorization: `token ${token}`, "content-type": "application/json" };
  const body = JSON.stringify({ name: "python3" });
  const { id } = (await (
    await fetch(`${ingress}/api/kernels`, { method: "POST", headers, body })
  ).json()) as { id: string };
  const url = `${ingress.replace(/^http/, "ws")}/api/kernels/${id}/channels?token=${token}`;
  const socket = new WebSocket(url);
  await new Promise((resolve, reject) => {
    socket.addEventListener("open", resolve);
    socket.addEventListener("error", reject);
  });
  return socket;
}

/** Sends a cell and leaves as soon as the kernel works on it. */
async function leaveBusy(runtime: ClaimedRuntime, code: string): Promise<void> {
  const socket = await connect(runtime);
  const header = {
    msg_id: randomUUID(),
    session: randomUUID(),
    username: "",
    date: new Date().toISOString(),
    msg_type: "execute_request",
    version: "5.3",
  };
  const content = { code, silent: false, store_history: true, user_expressions: {}, allow_stdin: false };
  const isInput = new Promise<void>((resolve) => {
    socket.addEventListener("message", ({ data }) => {
      if (String(data).includes('"execute_input"')) resolve();
    });
  });
  const message = { header, parent_header: {}, metadata: {}, content, channel: "shell", buffers: [] };
  socket.send(JSON.stringify(message));
  await isInput;
  socket.close();
}

async function claim(): Promise<ClaimedRuntime> {
  await untilWarm(cluster, poolOfExample, { note: () => undefined, signal });
  return (await claimRuntime(api, signal)).runtime;
}

async function cullAfter(seconds: number): Promise<void> {
  await kube.patch(RuntimePool, poolOfExample, [{ op: "add", path: "/spec/cull", value: { seconds } }]);
}

describe("a runtime on a real node", () => {
  it("ends when nobody uses it: not while a kernel is busy, and not while somebody is connected", async () => {
    const [idle, busy, connected] = [await claim(), await claim(), await claim()];
    expect(await runCell(idle, "6*7")).toBe("42");
    const busyUntil = Date.now() / 1000 + 40;
    await leaveBusy(busy, "import time; time.sleep(40)");
    const socket = await connect(connected);
    await cullAfter(cullSeconds);

    expect(await usageIn(idle, "the idle runtime")).toMatchObject({ reason: "Idle" });
    // Both others have been left alone for as long by now.
    expect(await usageOf(busy)).toBeUndefined();
    expect(await usageOf(connected)).toBeUndefined();

    const { reason, ended_at } = await usageIn(busy, "the runtime that was busy");
    expect(reason).toBe("Idle");
    expect(Number(ended_at)).toBeGreaterThanOrEqual(busyUntil + cullSeconds - 2);
    expect(await usageOf(connected)).toBeUndefined();

    socket.close();
    expect(await usageIn(connected, "the runtime that was left")).toMatchObject({ reason: "Idle" });
    await cullAfter(0);
  });

  it("gives its kernels time to save when its user ends it", async () => {
    const runtime = await claim();
    const saving = "import atexit, time; atexit.register(lambda: time.sleep(10)); 1";
    expect(await runCell(runtime, saving)).toBe("1");
    const deletedAt = Date.now() / 1000;
    await ask(`/runtimes/${runtime.pod_name}?reason=done`, "DELETE");
    const { reason, ended_at } = await usageIn(runtime, "the ended runtime");
    expect(reason).toBe("Deleted");
    expect(Number(ended_at) - deletedAt).toBeGreaterThanOrEqual(9);
    expect(Number(ended_at) - deletedAt).toBeLessThan(32);
  });
});
