import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, describe, expect, it } from "vitest";
import { createRuntimeClient, dataOf, type RuntimeClientOptions } from "./client.ts";

const runtimes = "/api/operator/v1/runtimes";
const claim = { body: { environment_name: "python-env", user_uid: "me" } };

/** What a server answers to one request; `reset` breaks the connection. */
type Step = { status: number; headers?: Record<string, string>; body?: unknown } | "reset";

interface Received {
  method: string | undefined;
  url: string | undefined;
  headers: IncomingMessage["headers"];
  body: string;
}

let server: Server;
let received: Received[] = [];

afterEach(async () => {
  received = [];
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

/** A server that takes the steps one after the other, and a client of it. */
async function clientOf(steps: readonly Step[], options: Partial<RuntimeClientOptions> = {}) {
  server = createServer((request, response) => {
    void text(request).then((body) => {
      const { method, url, headers } = request;
      received.push({ method, url, headers, body });
      const step = steps[received.length - 1] ?? { status: 500 };
      if (step === "reset") return void request.socket.resetAndDestroy();
      response.writeHead(step.status, { "content-type": "application/json", ...step.headers });
      response.end(JSON.stringify(step.body ?? { success: true, message: "done" }));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return createRuntimeClient({ baseUrl, apiKey: () => "key-1", backoffMs: 1, ...options });
}

const statuses = [502, 503, 504] as const;

describe("a client", () => {
  it("sends the key of now, and fields where the API expects them", async () => {
    let key = 0;
    const client = await clientOf([{ status: 200 }, { status: 200 }], {
      apiKey: () => `key-${++key}`,
    });
    await client.GET(runtimes, { params: { query: { user_uid: "a b" } } });
    await client.PUT(`${runtimes}/{pod_name}`, {
      params: { path: { pod_name: "runtime-1" } },
      body: { given_name: "New" },
    });
    expect(received.map(({ method, url, body }) => [method, url, body])).toEqual([
      ["GET", `${runtimes}?user_uid=a%20b`, ""],
      ["PUT", `${runtimes}/runtime-1`, '{"given_name":"New"}'],
    ]);
    expect(received.map(({ headers }) => headers["x-api-key"])).toEqual(["key-1", "key-2"]);
  });

  it.each(statuses)("repeats a claim after %i with the same body and Idempotency-Key", async (status) => {
    const client = await clientOf([{ status }, "reset", { status: 201 }, { status: 201 }]);
    expect((await client.POST(runtimes, claim)).response.status).toBe(201);
    await client.POST(runtimes, claim);
    expect(received.map(({ body }) => body)).toEqual(Array(4).fill(JSON.stringify(claim.body)));
    const [first, second, third, other] = received.map(({ headers }) => headers["idempotency-key"]);
    expect(first).toMatch(/^[0-9a-f-]{36}$/);
    expect([second, third]).toEqual([first, first]);
    expect(other).not.toBe(first);
  });

  it("keeps the Idempotency-Key that its caller made", async () => {
    const client = await clientOf([{ status: 503 }, { status: 201 }]);
    const params = { header: { "idempotency-key": "mine" } };
    await client.POST(runtimes, { ...claim, params });
    expect(received.map(({ headers }) => headers["idempotency-key"])).toEqual(["mine", "mine"]);
  });

  it("waits as long as Retry-After says", async () => {
    const busy = { status: 503, headers: { "retry-after": "1" } };
    const client = await clientOf([busy, { status: 201 }]);
    const startedMs = performance.now();
    await client.POST(runtimes, claim);
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(990);
  });

  it("does not wait longer than it may", async () => {
    const client = await clientOf([{ status: 503, headers: { "retry-after": "31" } }]);
    expect((await client.POST(runtimes, claim)).response.status).toBe(503);
    expect(received).toHaveLength(1);
  });

  it("gives up after its attempts, with the last answer", async () => {
    const client = await clientOf([{ status: 503 }, { status: 502 }, { status: 504 }], { attempts: 3 });
    expect((await client.GET(runtimes)).response.status).toBe(504);
    expect(received).toHaveLength(3);
  });

  it("gives up on broken connections, with their error", async () => {
    const client = await clientOf(["reset", "reset"], { attempts: 2 });
    await expect(client.GET(runtimes)).rejects.toThrow("fetch failed");
  });

  it.each([400, 401, 404, 409, 422, 429, 500, 501])("does not repeat after %i", async (status) => {
    const client = await clientOf([{ status }]);
    expect((await client.POST(runtimes, claim)).response.status).toBe(status);
    expect(received).toHaveLength(1);
  });

  it("stops waiting when its caller does", async () => {
    const caller = new AbortController();
    const client = await clientOf([{ status: 503 }], { backoffMs: 600_000, longestWaitMs: 900_000 });
    const call = client.POST(runtimes, { ...claim, signal: caller.signal });
    await expect.poll(() => received.length).toBe(1);
    caller.abort();
    await expect(call).rejects.toThrow("aborted");
  });
});

describe("the data of an answer", () => {
  it("is what the API sent", async () => {
    const client = await clientOf([{ status: 200, body: { success: true, message: "m", runtimes: [] } }]);
    await expect(dataOf(client.GET(runtimes))).resolves.toMatchObject({ runtimes: [] });
  });

  it("is an error with the problem where the request was refused", async () => {
    const problem = { type: "https://x/#pool-empty", status: 404, detail: "no such pool" };
    const client = await clientOf([{ status: 404, body: problem }]);
    await expect(dataOf(client.GET(runtimes))).rejects.toMatchObject({
      message: "404: no such pool",
      status: 404,
      problem,
    });
  });

  it("is an error without one where something in between answered", async () => {
    const client = await clientOf([{ status: 404, body: "gone fishing" }]);
    await expect(dataOf(client.GET(runtimes))).rejects.toMatchObject({ status: 404, problem: undefined });
  });
});
