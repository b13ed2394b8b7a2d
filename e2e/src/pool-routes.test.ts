import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { Route } from "@datalayer/shared/crds/route";
import { defaultRouteClass, RouteClass } from "@datalayer/shared/crds/route-class";
import { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import { poolOfExample } from "@datalayer/tools/start/example";
import { Kernel, runCell } from "@datalayer/tools/start/kernel";
import { claimRuntime, type ClaimedRuntime, endRuntime } from "@datalayer/tools/start/rest";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import {
  activityUrl,
  type Gateway,
  GatewayAddresses,
  gatewayService,
  serveGateways,
  startGateway,
} from "./gateways.ts";
import { HomeUser, readFileOf, writeFileOf } from "./homes.ts";
import { type Stage, startStage, untilExampleWarm, warmExample } from "./stage.ts";

const cullSeconds = 15;
const mebibyte = 2 ** 20;
const { signal } = new AbortController();
const { namespace } = poolOfExample;

let stage: Stage;
let addresses: GatewayAddresses;
let directory: string;
let gateways: Gateway[];
/** Those of the test that runs. */
let claimed: ClaimedRuntime[] = [];

beforeAll(async () => {
  addresses = await GatewayAddresses.add(2);
  directory = await mkdtemp(join(tmpdir(), "pool-routes-"));
  const hostsPath = await addresses.writeHosts(directory);
  const settings = {
    DATALAYER_RUNTIME_ROUTES: "pool",
    DATALAYER_RUNTIME_GATEWAY_URL: activityUrl,
    // What is offered here is routed: nothing is offered all the same.
    DATALAYER_RUNTIME_ROUTE_WAIT_SEC: "-1",
  };
  stage = await startStage(settings, { traefik: true, hostsPath });
  await stage.kube.patch(RouteClass, { name: defaultRouteClass }, [
    { op: "add", path: "/spec/runtimeGateway", value: { service: gatewayService } },
  ]);
  gateways = await Promise.all(
    addresses.all.map((address) => startGateway(stage.cluster, stage.api, address)),
  );
  await serveGateways(stage.kube, gateways);
  await warmExample(stage);
});

afterAll(async () => {
  await stage.end();
  await addresses.remove();
  await rm(directory, { recursive: true });
});

afterEach(async () => {
  for (const runtime of claimed) if (!(await usageOf(runtime))) await endRuntime(stage.api, runtime);
  claimed = [];
});

async function claim(): Promise<ClaimedRuntime> {
  await untilExampleWarm(stage.cluster);
  const { runtime } = await claimRuntime(stage.api, signal);
  claimed.push(runtime);
  return runtime;
}

function ask({ ingress, token }: ClaimedRuntime, path: string, init?: RequestInit): Promise<Response> {
  return fetch(`${ingress}${path}`, { ...init, headers: { authorization: `token ${token}` } });
}

async function statusOf({ ingress }: ClaimedRuntime, token?: string): Promise<number> {
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `token ${token}` };
  const response = await fetch(`${ingress}/api/kernels`, { headers });
  await response.arrayBuffer();
  return response.status;
}

/** Writes a file into the runtime. */
async function upload(runtime: ClaimedRuntime, name: string, bytes: Buffer): Promise<void> {
  const body = JSON.stringify({ type: "file", format: "base64", content: bytes.toString("base64") });
  const response = await ask(runtime, `/api/contents/${name}`, { method: "PUT", body });
  await response.arrayBuffer();
  expect([200, 201]).toContain(response.status);
}

function hashOf(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** A connection to a new kernel, as a browser has it. */
async function connect(runtime: ClaimedRuntime): Promise<WebSocket> {
  const response = await ask(runtime, "/api/kernels", { method: "POST" });
  const { id } = (await response.json()) as { id: string };
  const url = `${runtime.ingress.replace("http", "ws")}/api/kernels/${id}/channels?token=${runtime.token}`;
  const socket = new WebSocket(url);
  await once(socket, "open");
  return socket;
}

async function routesThere(): Promise<Route[]> {
  return (await stage.kube.list(Route, { namespace })).items;
}

async function usageOf({ pod_name }: ClaimedRuntime): Promise<{ reason: string } | undefined> {
  const { apiKeyPath, apiUrl } = stage.api;
  const headers = { "x-api-key": (await readFile(apiKeyPath, "utf8")).trim() };
  const response = await fetch(`${apiUrl}/v1/usage`, { headers });
  const { usage } = (await response.json()) as { usage: { pod_name: string; reason: string }[] };
  return usage.find((record) => record.pod_name === pod_name);
}

async function cullAfter(seconds: number): Promise<void> {
  await stage.kube.patch(RuntimePool, poolOfExample, [{ op: "add", path: "/spec/cull", value: { seconds } }]);
}

describe("one Route for all runtimes of a pool, through Traefik and two gateways", () => {
  it("leads to each of them at the moment of its claim's answer, by HTTP and WebSocket", async () => {
    const [one, other] = [await claim(), await claim()];
    for (const runtime of [one, other]) expect(await statusOf(runtime, runtime.token)).toBe(200);
    expect(await runCell(one, "6*7")).toBe("42");
    expect(await runCell(other, "6*8")).toBe("48");
    const routes = await routesThere();
    expect(routes.flatMap(({ metadata }) => metadata.ownerReferences?.map(({ kind }) => kind))).toEqual([
      RuntimePool.kind,
    ]);
  });

  it("lets nobody in without the token of the runtime", async () => {
    const [mine, other] = [await claim(), await claim()];
    expect(await statusOf(mine)).toBe(403);
    expect(await statusOf(mine, other.token)).toBe(403);
    const url = `${mine.ingress.replace("http", "ws")}/api/kernels/x/channels?token=${other.token}`;
    const [event] = (await once(new WebSocket(url), "error")) as [Event];
    expect(event.type).toBe("error");
  });

  it("passes large files on whole, and output as it is made", async () => {
    const runtime = await claim();
    const bytes = randomBytes(8 * mebibyte);
    await upload(runtime, "large.bin", bytes);
    const download = await ask(runtime, "/files/large.bin");
    expect(hashOf(Buffer.from(await download.arrayBuffer()))).toBe(hashOf(bytes));

    const socket = await connect(runtime);
    const printed: string[] = [];
    socket.addEventListener("message", ({ data }) => {
      const { header, content } = JSON.parse(String(data)) as {
        header: { msg_type: string };
        content: { text?: string };
      };
      if (header.msg_type === "stream") printed.push(content.text?.trim() ?? "");
    });
    const code = [
      "import os, time",
      'print("first", flush=True)',
      'while not os.path.exists("go"): time.sleep(0.05)',
      'print("second", flush=True)',
    ].join("\n");
    const header = { msg_id: "1", session: "1", username: "", msg_type: "execute_request", version: "5.3" };
    const content = { code, silent: false, store_history: false, user_expressions: {}, allow_stdin: false };
    const message = { header, parent_header: {}, metadata: {}, content, channel: "shell", buffers: [] };
    socket.send(JSON.stringify(message));
    await eventually(() => printed.length > 0, { timeoutMs: 60_000, message: "the first output" });
    expect(printed).toEqual(["first"]);
    await upload(runtime, "go", Buffer.from("go"));
    await eventually(() => printed.length > 1, { timeoutMs: 60_000, message: "the second output" });
    expect(printed).toEqual(["first", "second"]);
    socket.close();
  });

  it("leads nowhere once the runtime has ended, and what is open ends with it", async () => {
    const runtime = await claim();
    const closed = once(await connect(runtime), "close");
    await endRuntime(stage.api, runtime);
    await closed;
    await eventually(async () => (await statusOf(runtime, runtime.token)) === 404, {
      timeoutMs: 60_000,
      message: "the URL of an ended runtime leading nowhere",
    });
  });

  it("takes what is open with it when it is deleted, and another one leads to the runtimes again", async () => {
    const runtime = await claim();
    const closed = once(await connect(runtime), "close");
    const [route] = await routesThere();
    await stage.kube.delete(Route, route!.metadata, { uid: route!.metadata.uid });
    const deletedMs = performance.now();
    const [{ code }] = (await closed) as [CloseEvent];
    expect(code).toBe(1001);
    // The gateway is told by its watch, and says goodbye for half a second at most.
    expect(performance.now() - deletedMs).toBeLessThan(5_000);
    await eventually(
      async () => {
        const [next] = await routesThere();
        return next !== undefined && next.metadata.uid !== route!.metadata.uid;
      },
      { timeoutMs: 60_000, message: "another Route of the pool" },
    );
    await eventually(async () => (await statusOf(runtime, runtime.token)) === 200, {
      timeoutMs: 60_000,
      message: "the URL leading to the runtime again",
    });
  });
});

describe("a runtime behind the gateways", () => {
  it("ends when its user is connected and does nothing, and not while messages come", async () => {
    const [silent, talking] = [await claim(), await claim()];
    const idle = await Kernel.start(silent);
    const active = await Kernel.start(talking);
    expect(await idle.run("1")).toBe("1");
    await cullAfter(cullSeconds);
    await eventually(
      async () => {
        expect(await active.run("1")).toBe("1");
        return usageOf(silent);
      },
      { timeoutMs: 120_000, intervalMs: 1_000, message: "the end of the silent runtime" },
    );
    expect(await usageOf(silent)).toMatchObject({ reason: "Idle" });
    expect(await usageOf(talking)).toBeUndefined();
    await eventually(() => usageOf(talking), {
      timeoutMs: 120_000,
      intervalMs: 500,
      message: "the end of the runtime that was left alone",
    });
    expect(await usageOf(talking)).toMatchObject({ reason: "Idle" });
    await cullAfter(0);
  });
});

describe("a runtime with a home behind the gateways", () => {
  it("pauses, and resumes behind the same URL, which works once it is assigned", async () => {
    const user = new HomeUser(stage.api);
    const { pod_name: name } = await user.claim();
    const before = await user.assigned(name);
    expect(await writeFileOf(before, "note.txt", "kept")).toBe(201);
    const closed = once(await connect(before), "close");

    expect(await user.pause(name)).toBe(202);
    await closed;
    await eventually(async () => (await statusOf(before, before.token)) === 404, {
      timeoutMs: 60_000,
      message: "the URL of a paused runtime leading nowhere",
    });
    expect(await user.shown(name)).toMatchObject({ state: "paused", ingress: before.ingress });

    expect(await user.resume(name)).toBe(202);
    const after = await user.assigned(name);
    expect(after).toMatchObject({ ingress: before.ingress, token: before.token });
    expect(await statusOf(after, after.token)).toBe(200);
    expect(await readFileOf(after, "note.txt")).toBe("kept");
    expect(await runCell(after, "6*7")).toBe("42");
    await user.end(name);
  });
});

describe("a gateway that is stopped", () => {
  it("cuts no request and refuses none, and its WebSockets can be opened anew at once", async () => {
    const runtime = await claim();
    const bytes = randomBytes(16 * mebibyte);
    await upload(runtime, "slow.bin", bytes);
    const [leaving, staying] = gateways as [Gateway, Gateway];
    // Enough of them for both gateways to have some; none is read before one of these is about to end.
    const downloads = await Promise.all(Array.from({ length: 6 }, () => ask(runtime, "/files/slow.bin")));
    const sockets = await Promise.all(Array.from({ length: 4 }, () => connect(runtime)));
    const closed = Promise.race(sockets.map((socket) => once(socket, "close")));

    const statuses = new Map<number, number>();
    const end = new AbortController();
    const asking = (async () => {
      while (!end.signal.aborted) {
        const status = await statusOf(runtime, runtime.token);
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
    })();
    const stopped = leaving.stop().finally(() => end.abort());
    await eventually(async () => !(await leaving.isReady()), { message: "the gateway not being ready" });
    await serveGateways(stage.kube, gateways);
    const files = await Promise.all(
      downloads.map(async (download) => Buffer.from(await download.arrayBuffer())),
    );
    for (const file of files) expect(hashOf(file)).toBe(hashOf(bytes));
    await Promise.all([stopped, asking]);
    expect([...statuses.keys()]).toEqual([200]);
    const [{ code }] = (await closed) as [CloseEvent];
    expect(code).toBe(1001);
    (await connect(runtime)).close();
    for (const socket of sockets) socket.close();

    gateways = [await startGateway(stage.cluster, stage.api, leaving.address), staying];
    await serveGateways(stage.kube, gateways);
    expect(await runCell(runtime, "6*7")).toBe("42");
  });
});
