import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { Route, type RouteSpec } from "@datalayer/shared/crds/route";
import { RouteClass } from "@datalayer/shared/crds/route-class";
import type { JsonPatchOperation } from "@datalayer/shared/kube/json-patch";
import { poolPathOf } from "@datalayer/shared/runtime/base-path";
import { jupyterPort } from "@datalayer/shared/runtime/names";
import { beforeAll, describe, expect, it } from "vitest";
import { ask, openStream, openWebSocket } from "../../test/client.ts";
import { startEcho } from "../../test/echo.ts";
import { createRuntime, pathOf, pool, startGateway, type TestGateway } from "../../test/gateway.ts";
import { type Harness, startHarness } from "../../test/harness.ts";
import { passHeader, passTextOf } from "../route/pass.ts";

let harness: Harness;
let gateway: TestGateway;

beforeAll(async () => {
  harness = await startHarness({ namespaces: 2 });
  gateway = await startGateway(harness, "gateway");
  const { address } = await startEcho("one", { port: jupyterPort });
  await createRuntime(harness, "one", { address });
  await gateway.served("one");
});

const toPool = (name = pool): RouteSpec["rules"] => [
  {
    matches: [{ path: { type: "Prefix", value: poolPathOf(name) } }],
    targets: [{ runtime: { pool: name }, port: jupyterPort }],
  },
];

function passOf(route: Route): Record<string, string> {
  return { [passHeader]: passTextOf(route) };
}

async function statusWith(headers: Record<string, string>, path = `${pathOf("one")}/`): Promise<number> {
  return (await ask(`${gateway.url}${path}`, { headers })).status;
}

/** A Route to the pool that the gateway knows. */
async function known(name: string, spec: Partial<RouteSpec> = {}): Promise<Route> {
  const route = await harness.createRoute(name, { rules: toPool(), ...spec });
  await eventually(async () => (await statusWith(passOf(route))) === 200, { message: `Route ${name} known` });
  return route;
}

function patch({ metadata }: Route, operations: JsonPatchOperation[]): Promise<Route> {
  return harness.admin.patch(Route, metadata, operations);
}

describe("a request that came through a Route", () => {
  it("arrives without what says so", async () => {
    const route = await known("plain");
    const { json } = await ask(`${gateway.url}${pathOf("one")}/`, { headers: passOf(route) });
    expect(json?.echo).toBe("one");
    expect(json?.headers).not.toHaveProperty(passHeader.toLowerCase());
  });

  it("is refused where the Route leads elsewhere, is not there, or is not named as one is", async () => {
    const otherPool = await harness.createRoute("pool", { rules: toPool("other") });
    const elsewhere = await harness.createRoute("elsewhere", { rules: toPool() }, harness.namespaces[1]);
    const noPool = await harness.createRoute("service");
    const unknown = {
      ...noPool,
      metadata: { ...noPool.metadata, uid: "5f0c7c1e-3b0a-4a7e-9c52-0d1f2e3a4b5c" },
    };
    await known("last");
    for (const route of [otherPool, elsewhere, noPool, unknown])
      expect(await statusWith(passOf(route))).toBe(503);
    for (const text of ["", "x", noPool.metadata.uid, `${noPool.metadata.uid}/0`])
      expect(await statusWith({ [passHeader]: text })).toBe(503);
  });

  it("to the pool alone is refused, which tells that strangers are", async () => {
    const route = await known("bare");
    expect(await statusWith(passOf(route), poolPathOf(pool))).toBe(403);
    expect(await statusWith(passOf(route), poolPathOf("other"))).toBe(503);
    expect(await statusWith({}, poolPathOf(pool))).toBe(403);
  });
});

describe("what is open through a Route", () => {
  /** Opens a WebSocket and a stream; answers with what tells how they are. */
  async function open(headers: Record<string, string>) {
    const url = `${gateway.url}${pathOf("one")}`;
    const socket = await openWebSocket(`${url}/`, { headers });
    const stream = await openStream(`${url}/stream`, { headers });
    let isOpen = true;
    const rest = stream.rest().catch(() => "broken off");
    void socket.closed.then(() => (isOpen = false));
    return { socket, rest, isOpen: () => isOpen };
  }

  /** Waits until the Route lets in nobody, and sees what was open end within a second of that. */
  async function ends(
    headers: Record<string, string>,
    opened: Awaited<ReturnType<typeof open>>,
  ): Promise<void> {
    await eventually(async () => (await statusWith(headers)) === 503);
    const noticed = performance.now();
    expect(await opened.socket.closed).toBe(1001);
    expect(await opened.rest).toBe("broken off");
    expect(performance.now() - noticed).toBeLessThan(1_000);
  }

  it("ends within a second when it is deleted, and nothing else does", async () => {
    const [route, other] = [await known("deleted"), await known("stays")];
    const [opened, others, none] = [await open(passOf(route)), await open(passOf(other)), await open({})];
    await harness.admin.delete(Route, route.metadata, { uid: route.metadata.uid });
    await ends(passOf(route), opened);
    expect([others.isOpen(), none.isOpen()]).toEqual([true, true]);
    expect(await others.socket.exchange("still here")).toBe("one: still here");
    expect(await none.socket.exchange("still here")).toBe("one: still here");
    await others.socket.close();
    await none.socket.close();
  });

  it("ends when the class does not take it any more", async () => {
    await harness.createClass({ runtimeGateway: { service: { name: "runtime-gateway", port: 80 } } });
    await harness.startReplica("controller");
    const route = await known("revoked");
    await harness.condition("revoked", "Accepted", "True");
    const opened = await open(passOf(route));
    const hosts = [{ pattern: "other.test", namespaces: ["*"] }];
    await harness.admin.patch(RouteClass, { name: harness.className }, [
      { op: "replace", path: "/spec/hosts", value: hosts },
    ]);
    await ends(passOf(route), opened);
    await harness.admin.patch(RouteClass, { name: harness.className }, [
      { op: "replace", path: "/spec/hosts", value: [{ pattern: "*", namespaces: ["*"] }] },
    ]);
    await eventually(async () => (await statusWith(passOf(route))) === 200, {
      message: "it being taken again",
    });
  });

  it("ends when others may come in, and stays when it is served in another way", async () => {
    const route = await known("changed");
    const opened = await open(passOf(route));
    const compressed = await patch(route, [{ op: "add", path: "/spec/policy", value: { compression: {} } }]);
    const marker = await known("marker");
    expect(await statusWith(passOf(compressed))).toBe(200);
    expect(await statusWith(passOf(route))).toBe(200);
    expect(opened.isOpen()).toBe(true);
    const target = { target: {} };
    const changed = await patch(compressed, [{ op: "replace", path: "/spec/auth", value: target }]);
    await ends(passOf(route), opened);
    expect(await statusWith(passOf(compressed))).toBe(503);
    expect(await statusWith(passOf(changed))).toBe(200);
    expect(await statusWith(passOf(marker))).toBe(200);
  });

  it("stays when the gateway has not seen yet what the data plane serves", async () => {
    const route = await known("early");
    const { uid, generation = 1 } = route.metadata;
    const next = { [passHeader]: `${uid}/${generation + 1}` };
    const opened = await open(next);
    await patch(route, [{ op: "replace", path: "/spec/auth", value: { target: {} } }]);
    await eventually(async () => (await statusWith(passOf(route))) === 503);
    expect(await opened.socket.exchange("still here")).toBe("one: still here");
    await opened.socket.close();
  });
});
