import { once } from "node:events";
import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { findCondition } from "@datalayer/shared/controller/conditions";
import { Route } from "@datalayer/shared/crds/route";
import { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import { poolOfExample } from "@datalayer/tools/start/example";
import { runCell } from "@datalayer/tools/start/kernel";
import { claimRuntime, type ClaimedRuntime, endRuntime } from "@datalayer/tools/start/rest";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { HomeUser, readFileOf, writeFileOf } from "./homes.ts";
import { type Stage, startStage, untilExampleWarm, warmExample } from "./stage.ts";

const { signal } = new AbortController();

let stage: Stage;

beforeAll(async () => {
  // What is offered here is routed: nothing is offered all the same.
  stage = await startStage({ DATALAYER_RUNTIME_ROUTE_WAIT_SEC: "-1" }, { traefik: true });
  await warmExample(stage);
});

afterAll(() => stage.end());

async function claim(): Promise<ClaimedRuntime> {
  await untilExampleWarm(stage.cluster);
  return (await claimRuntime(stage.api, signal)).runtime;
}

async function statusOf({ ingress }: ClaimedRuntime, token?: string): Promise<number> {
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `token ${token}` };
  return (await fetch(`${ingress}/api/kernels`, { headers })).status;
}

describe("the URL of a runtime", () => {
  it("leads through Traefik to its kernel at the moment of the answer, by HTTP and WebSocket", async () => {
    const runtime = await claim();
    expect(new URL(runtime.ingress).port).toBe(new URL(stage.cluster.traefik!).port);
    expect(await statusOf(runtime, runtime.token)).toBe(200);
    expect(await runCell(runtime, "6*7")).toBe("42");
    const pool = await stage.kube.get(RuntimePool, poolOfExample);
    expect(findCondition(pool.status?.conditions ?? [], "Routed")?.status).toBe("True");
  });

  it("lets nobody in without the token of this runtime", async () => {
    const [mine, other] = [await claim(), await claim()];
    expect(await statusOf(mine)).toBe(403);
    expect(await statusOf(mine, other.token)).toBe(403);
    const handshake = new WebSocket(`${mine.ingress.replace("http", "ws")}/api/kernels/x/channels`);
    const [event] = (await once(handshake, "error")) as [Event];
    expect(event.type).toBe("error");
  });

  it("leads nowhere once the runtime has ended, and open connections end with it", async () => {
    const runtime = await claim();
    const { id } = await startKernel(runtime);
    const url = `${runtime.ingress.replace("http", "ws")}/api/kernels/${id}/channels?token=${runtime.token}`;
    const socket = new WebSocket(url);
    await once(socket, "open");
    const closed = once(socket, "close");
    await endRuntime(stage.api, runtime);
    await closed;
    await eventually(async () => [404, 502, 503, 504].includes(await statusOf(runtime, runtime.token)), {
      timeoutMs: 60_000,
      message: "the URL of an ended runtime leading nowhere",
    });
    await eventually(
      async () => {
        const { items } = await stage.kube.list(Route, { namespace: poolOfExample.namespace });
        return items.every(({ metadata }) => metadata.name !== runtime.pod_name);
      },
      { timeoutMs: 60_000, message: "its Route being gone" },
    );
  });

  it("works again when somebody deletes its Route", async () => {
    const runtime = await claim();
    const ref = { namespace: poolOfExample.namespace, name: runtime.pod_name };
    const { metadata } = await stage.kube.get(Route, ref);
    await stage.kube.delete(Route, ref, { uid: metadata.uid });
    await eventually(
      async () => {
        const { items } = await stage.kube.list(Route, { namespace: ref.namespace });
        const again = items.find((route) => route.metadata.name === ref.name);
        return again !== undefined && again.metadata.uid !== metadata.uid;
      },
      { timeoutMs: 60_000, message: "another Route of the runtime" },
    );
    await eventually(async () => (await statusOf(runtime, runtime.token)) === 200, {
      timeoutMs: 60_000,
      message: "the URL leading to the runtime again",
    });
  });
});

describe("the URL of a runtime with a home", () => {
  it("leads to no other one while that is paused, and to it again at the moment when it is assigned", async () => {
    const user = new HomeUser(stage.api);
    const { pod_name: name } = await user.claim();
    const before = await user.assigned(name);
    expect(await statusOf(before, before.token)).toBe(200);
    expect(await writeFileOf(before, "note.txt", "kept")).toBe(201);

    expect(await user.pause(name)).toBe(202);
    await eventually(async () => (await statusOf(before, before.token)) === 404, {
      timeoutMs: 60_000,
      message: "the URL of a paused runtime leading nowhere",
    });

    expect(await user.resume(name)).toBe(202);
    const after = await user.assigned(name);
    expect(after).toMatchObject({ ingress: before.ingress, token: before.token });
    expect(await statusOf(after, after.token)).toBe(200);
    expect(await readFileOf(after, "note.txt")).toBe("kept");
    await user.end(name);
  });
});

async function startKernel({ ingress, token }: ClaimedRuntime): Promise<{ id: string }> {
  const headers = { authorization: `token ${token}` };
  const response = await fetch(`${ingress}/api/kernels`, { method: "POST", headers });
  return (await response.json()) as { id: string };
}
