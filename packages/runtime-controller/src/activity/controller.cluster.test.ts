import { randomInt } from "node:crypto";
import { once } from "node:events";
import { promisify } from "node:util";
import { createServer, type Server } from "node:http";
import { afterFile } from "@datalayer/devcluster/testkit/cluster";
import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import { Pod } from "@datalayer/shared/kube/kinds";
import { pointer } from "@datalayer/shared/kube/json-patch";
import { jupyterPort } from "@datalayer/shared/runtime/names";
import { beforeAll, describe, expect, it } from "vitest";
import { type Harness, startHarness, type TestReplica } from "../../test/harness.ts";
import type { UsageRecord } from "../end-of-life/usage-record.ts";
import { annotation } from "../runtime/names.ts";

let harness: Harness;
let leader: TestReplica;

beforeAll(async () => {
  harness = await startHarness();
  leader = await harness.startReplica("leader");
  // A new runtime is asked for the first time long after each test has put its server in place.
  await harness.warmPool({ name: "pool", size: 3, burningRate: 1, cull: { seconds: 0 } });
});

/** What a Jupyter server says; what real ones say, and that they are asked rightly, the tests on a real node show. */
interface Told {
  idleSeconds: number;
  connections?: number;
  kernels?: { execution_state: string; connections: number }[];
  /** The server's clock, ahead of ours. */
  aheadSeconds?: number;
  status?: number;
}

interface JupyterStub {
  told: Told;
  /** Paths of the requests, in order, and whether they carried the token. */
  asked: { path: string; authorization?: string }[];
  address: string;
}

/** Serves on the port of every runtime, at a loopback address of its own. */
async function jupyter(told: Told): Promise<JupyterStub> {
  const address = `127.${randomInt(1, 255)}.${randomInt(1, 255)}.${randomInt(1, 255)}`;
  const stub: JupyterStub = { told, asked: [], address };
  const server: Server = createServer(({ url = "", headers }, response) => {
    const { idleSeconds, connections = 0, kernels = [], aheadSeconds = 0, status = 200 } = stub.told;
    const path = url.replace(/^.*(\/api\/)/, "$1").replace(/\?.*$/, "");
    stub.asked.push({ path, authorization: headers.authorization });
    const nowMs = Date.now() + aheadSeconds * 1000;
    const last_activity = new Date(nowMs - idleSeconds * 1000).toISOString();
    const bodies: Record<string, unknown> = {
      "/api/status": { started: last_activity, last_activity, connections, kernels: kernels.length },
      "/api/kernels": kernels.map((kernel) => ({ ...kernel, last_activity })),
      "/api/terminals": [],
    };
    response.sendDate = false;
    response.setHeader("date", new Date(nowMs).toUTCString());
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify(bodies[path]));
  });
  server.listen(jupyterPort, address);
  await once(server, "listening");
  afterFile(async () => {
    server.closeAllConnections();
    await promisify(server.close.bind(server))();
  });
  return stub;
}

/** Claims a runtime and puts the server behind its address. */
async function claimAt(address: string): Promise<string> {
  const { body } = await eventually(async () => {
    const reply = await leader.claim({ pool_name: "pool" });
    return reply.status === 201 && reply;
  });
  const name = body.runtime.pod_name;
  const ref = { namespace: harness.namespace, name };
  await harness.admin.patch(
    Pod,
    ref,
    [
      { op: "replace", path: "/status/podIP", value: address },
      { op: "replace", path: "/status/podIPs", value: [{ ip: address }] },
    ],
    { subresource: "status" },
  );
  return name;
}

async function cullAfter(seconds: number): Promise<void> {
  const ref = { namespace: harness.namespace, name: "pool" };
  await harness.admin.patch(RuntimePool, ref, [
    { op: "replace", path: "/spec/cull/seconds", value: seconds },
  ]);
}

const isGone = async (name: string): Promise<boolean> => (await harness.runtime(name)) === undefined;

describe("a runtime of a pool that ends idle ones", () => {
  it("ends as idle, others do not: in use, busy, connected, or unknown", async () => {
    const servers = {
      idle: await jupyter({ idleSeconds: 9_000, kernels: [{ execution_state: "idle", connections: 0 }] }),
      hourAhead: await jupyter({ idleSeconds: 9_000, aheadSeconds: 3_600 }),
      hourBehind: await jupyter({ idleSeconds: 0, aheadSeconds: -3_600 }),
      busy: await jupyter({ idleSeconds: 9_000, kernels: [{ execution_state: "busy", connections: 0 }] }),
      connected: await jupyter({ idleSeconds: 9_000, connections: 1 }),
      refusing: await jupyter({ idleSeconds: 9_000, status: 403 }),
    };
    const names: Record<string, string> = {};
    for (const [what, { address }] of Object.entries(servers)) names[what] = await claimAt(address);
    await cullAfter(2);
    for (const what of ["idle", "hourAhead"]) {
      await eventually(() => isGone(names[what]!), { message: `${what} being gone`, timeoutMs: 30_000 });
    }
    const { body } = await leader.ask("GET", "/usage");
    const records = body["usage"] as UsageRecord[];
    expect(records.map(({ pod_name, reason }) => [pod_name, reason]).sort()).toEqual(
      [
        [names["idle"], "Idle"],
        [names["hourAhead"], "Idle"],
      ].sort(),
    );
    // Each of the others has been asked at least twice, so it was due at least once.
    for (const what of ["hourBehind", "busy", "connected"] as const) {
      const statuses = () => servers[what].asked.filter(({ path }) => path === "/api/status");
      await eventually(() => statuses().length >= 3, { message: `${what} being asked`, timeoutMs: 30_000 });
    }
    expect(servers.refusing.asked.length).toBeGreaterThan(0);
    for (const what of ["hourBehind", "busy", "connected", "refusing"])
      expect(await harness.runtime(names[what]!)).toMatchObject({ terminating: false, end: undefined });
    expect(await leader.counter("datalayer_runtime_activity_unknown")).toBe(1);

    // Only who seems idle is asked for more, with the token of this runtime.
    expect(new Set(servers.connected.asked.map(({ path }) => path))).toEqual(new Set(["/api/status"]));
    expect(new Set(servers.idle.asked.map(({ path }) => path))).toEqual(
      new Set(["/api/status", "/api/kernels", "/api/terminals"]),
    );
    const busy = await leader.ask("GET", `/runtimes/${names["busy"]!}`);
    expect(servers.busy.asked.map(({ authorization }) => authorization)).toContain(
      `token ${busy.body.runtime.token}`,
    );

    // What was in use is left in the end; what cannot be asked is not, when it answers again.
    servers.busy.told = { idleSeconds: 9_000 };
    await eventually(() => isGone(names["busy"]!), { message: "the busy one being gone", timeoutMs: 30_000 });
    await cullAfter(0);
    for (const what of ["hourBehind", "connected", "refusing"])
      await leader.ask("DELETE", `/runtimes/${names[what]!}`);
  });

  it("shows when it was last in use, on its Pod and over REST, and that is not written again", async () => {
    const server = await jupyter({ idleSeconds: 60, connections: 0 });
    const name = await claimAt(server.address);
    const ref = { namespace: harness.namespace, name };
    const now = Math.floor(Date.now() / 1000);
    // As if it were somebody's for an hour.
    const path = pointer("metadata", "annotations", annotation.startedAt);
    await harness.admin.patch(Pod, ref, [{ op: "replace", path, value: String(now - 3_600) }]);
    await cullAfter(20);
    const writtenAt = await eventually(async () => (await harness.runtime(name))?.lastActivityAt, {
      timeoutMs: 30_000,
    });
    expect(writtenAt - (now - 60)).toBeLessThan(30);
    expect(writtenAt).toBeGreaterThanOrEqual(now - 61);
    const shown = await eventually(async () => {
      const { body } = await leader.ask("GET", `/runtimes/${name}`);
      return body.runtime.last_activity_at;
    });
    expect(shown).toBe(String(writtenAt));
    server.told = { idleSeconds: 0 };
    const before = server.asked.length;
    await eventually(() => server.asked.length >= before + 2, { timeoutMs: 30_000 });
    const notes = harness.proxy.log.writes({ where: ({ body = "" }) => body.includes("last-activity-at") });
    expect(notes).toHaveLength(1);
  });
});

describe("the next leader", () => {
  it("goes on counting where the last one was: it has seen when the runtime became somebody's", async () => {
    const server = await jupyter({ idleSeconds: 9_000, connections: 1 });
    const name = await claimAt(server.address);
    const next = await harness.startReplica("next");
    await cullAfter(4);
    await eventually(() => server.asked.length > 0, { timeoutMs: 30_000 });
    await leader.stop();
    leader = next;
    server.told = { idleSeconds: 9_000 };
    await eventually(() => isGone(name), { message: "the runtime being gone", timeoutMs: 30_000 });
  });
});
