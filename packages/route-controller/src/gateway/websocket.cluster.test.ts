import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { eventually } from "@datalayer/devcluster/testkit/eventually";
import type { RuntimeActivity } from "@datalayer/shared/runtime/activity";
import { jupyterPort } from "@datalayer/shared/runtime/names";
import { beforeAll, describe, expect, it } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { ask, openWebSocket } from "../../test/client.ts";
import { startEcho } from "../../test/echo.ts";
import { createRuntime, pathOf, startGateway, startRuntime, type TestGateway } from "../../test/gateway.ts";
import { type Harness, startHarness } from "../../test/harness.ts";

let harness: Harness;
let gateway: TestGateway;

beforeAll(async () => {
  harness = await startHarness();
  gateway = await startGateway(harness, "gateway");
  const { address } = await startEcho("one", { port: jupyterPort });
  await createRuntime(harness, "one", { address });
  await gateway.served("one");
});

/** A runtime that answers handshakes in its own way. */
async function serveUpgrades(
  ulid: string,
  upgrade: (request: IncomingMessage, socket: Duplex) => void,
): Promise<string> {
  const { address, server } = await startRuntime((_request, response) => response.end());
  server.on("upgrade", upgrade);
  await createRuntime(harness, ulid, { address });
  return gateway.served(ulid);
}

/** The status by which a WebSocket is refused. */
async function refusal(url: string, headers: Record<string, string> = {}): Promise<number> {
  const socket = new WebSocket(url.replace("http", "ws"), { headers });
  socket.on("error", () => undefined);
  const [, response] = (await once(socket, "unexpected-response")) as [unknown, IncomingMessage];
  socket.terminate();
  return response.statusCode ?? 0;
}

async function activityOf(ulid: string): Promise<RuntimeActivity | undefined> {
  return (await gateway.activity()).runtimes.find((one) => one.ulid === ulid);
}

describe("a WebSocket to a runtime", () => {
  it("passes messages on both ways, small and large", async () => {
    const socket = await openWebSocket(`${gateway.url}${pathOf("one")}/api/kernels/k/channels`);
    expect(await socket.exchange("hello")).toBe("one: hello");
    const large = "x".repeat(5_000_000);
    expect(await socket.exchange(large)).toBe(`one: ${large}`);
    await socket.close();
    expect(await socket.closed).toBe(1005);
  });

  it("is refused for what is no runtime, and where the runtime refuses", async () => {
    expect(await refusal(`${gateway.url}/jupyter/server/python/unknown/`)).toBe(404);
    expect(await refusal(`${gateway.url}${pathOf("one")}%2fapi`)).toBe(400);
    const url = await serveUpgrades("strict", (_request, socket) =>
      socket.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno"),
    );
    expect(await refusal(`${url}/`)).toBe(403);
  });

  it("is not opened to somebody who did not understand the handshake", async () => {
    const url = await serveUpgrades("parrot", (_request, socket) =>
      socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"),
    );
    expect(await refusal(`${url}/`)).toBe(502);
  });

  it("is refused when it is of another version", async () => {
    const headers = {
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "8",
      "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
    };
    expect((await ask(`${gateway.url}${pathOf("one")}/`, { headers })).status).toBe(400);
  });

  it("ends at one end when the other breaks off", async () => {
    const sockets: Duplex[] = [];
    const webSockets = new WebSocketServer({ noServer: true });
    const url = await serveUpgrades("fragile", (request, socket) => {
      sockets.push(socket);
      webSockets.handleUpgrade(request, socket, Buffer.alloc(0), (open) => open.send("open"));
    });
    const broken = await openWebSocket(`${url}/`);
    sockets[0]?.destroy();
    expect(await broken.closed).toBe(1006);
    const client = new WebSocket(`${url.replace("http", "ws")}/`);
    await once(client, "open");
    client.terminate();
    await eventually(() => sockets[1]?.destroyed);
    await eventually(async () => (await activityOf("fragile"))?.connections === 0);
  });
});

describe("the activity of a runtime", () => {
  it("is asked for with the key only", async () => {
    const { statusCode } = await gateway.gateway.api.inject({ url: "/api/operator/v1/activity" });
    expect(statusCode).toBe(401);
  });

  it("is not there before a client came, and counts no request that is refused or says that it is no use", async () => {
    const { address } = await startEcho("quiet", { port: jupyterPort });
    const pod = await createRuntime(harness, "quiet", { address });
    const url = await gateway.served("quiet");
    for (const status of [302, 401, 403, 404, 500]) await ask(`${url}/status/${status}`);
    await ask(`${url}/?no_track_activity=1`);
    expect(await activityOf("quiet")).toBeUndefined();
    await ask(`${url}/`);
    expect(await activityOf("quiet")).toMatchObject({ pod_uid: pod.metadata.uid, connections: 0 });
    expect((await gateway.activity()).observed_ms).toBeGreaterThan(0);
  });

  it("is the last message of a client, and no ping, pong or message of the runtime", async () => {
    const webSockets = new WebSocketServer({ noServer: true });
    const opened = Promise.withResolvers<WebSocket>();
    const url = await serveUpgrades("chatty", (request, socket) =>
      webSockets.handleUpgrade(request, socket, Buffer.alloc(0), (open) => opened.resolve(open)),
    );
    const client = new WebSocket(`${url.replace("http", "ws")}/`);
    const runtime = await opened.promise;
    await once(client, "open");
    const idleFor = (ms: number): Promise<unknown> =>
      eventually(async () => ((await activityOf("chatty"))?.idle_ms ?? 0) > ms);
    await idleFor(300);
    runtime.ping();
    await once(runtime, "pong");
    client.ping();
    await once(client, "pong");
    runtime.send("output");
    await once(client, "message");
    const quiet = await activityOf("chatty");
    expect(quiet?.idle_ms).toBeGreaterThan(300);
    expect(quiet?.connections).toBe(1);
    await idleFor(600);
    client.send("input");
    await once(runtime, "message");
    expect((await activityOf("chatty"))?.idle_ms).toBeLessThan(600);
    client.close();
    await eventually(async () => (await activityOf("chatty"))?.connections === 0);
  });
});
