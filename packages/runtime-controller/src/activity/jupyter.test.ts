import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { askJupyter, type JupyterServer } from "./jupyter.ts";

const nowMs = Date.parse("2026-01-01T12:00:00Z");

/** A server on which nothing was done for two hours; a client is connected to its kernel. */
async function connected(kernelState = "idle"): Promise<JupyterServer> {
  const last_activity = new Date(nowMs - 7_200_000).toISOString();
  const bodies: Record<string, unknown> = {
    "/api/status": { last_activity, connections: 1 },
    "/api/kernels": [{ last_activity, connections: 1, execution_state: kernelState }],
    "/api/terminals": [],
  };
  const server = createServer(({ url = "" }, response) => {
    response.setHeader("date", new Date(nowMs).toUTCString());
    response.end(JSON.stringify(bodies[url.replace(/\?.*$/, "")]));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, token: "t" };
}

describe("a Jupyter server with an open connection", () => {
  it.each([
    ["is in use where nobody sees what its clients do", "idle", undefined, { inUse: true }],
    [
      "is as idle as its clients where somebody does",
      "idle",
      3_700_000,
      { inUse: false, lastActivityMs: nowMs - 3_700_000 },
    ],
    ["is not idle where a client did something", "idle", 60_000, { lastActivityMs: nowMs - 60_000 }],
    [
      "is no more idle than itself says",
      "idle",
      9_000_000,
      { inUse: false, lastActivityMs: nowMs - 7_200_000 },
    ],
    ["is in use while its kernel is busy", "busy", 9_000_000, { inUse: true }],
  ])("%s", async (_, kernelState, clientIdleMs, expected) => {
    const server = await connected(kernelState);
    const { signal } = new AbortController();
    expect(await askJupyter(server, { idleMs: 3_600_000, clientIdleMs }, signal)).toMatchObject(expected);
  });
});
