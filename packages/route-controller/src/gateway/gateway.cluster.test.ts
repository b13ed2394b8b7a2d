import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import {
  type ClientRequest,
  type IncomingMessage,
  request as httpRequest,
  type RequestListener,
} from "node:http";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { podAddress } from "@datalayer/devcluster/testkit/pod-address";
import { jupyterPort } from "@datalayer/shared/runtime/names";
import { beforeAll, describe, expect, it } from "vitest";
import { ask, openStream } from "../../test/client.ts";
import { type Echo, startEcho } from "../../test/echo.ts";
import { createRuntime, pathOf, startGateway, startRuntime, type TestGateway } from "../../test/gateway.ts";
import { type Harness, startHarness } from "../../test/harness.ts";

const mebibyte = 1024 * 1024;

let harness: Harness;
let gateway: TestGateway;
let echo: Echo;

beforeAll(async () => {
  harness = await startHarness();
  gateway = await startGateway(harness, "gateway", { DATALAYER_GATEWAY_MAX_BODY: "32Mi" });
  echo = await startEcho("one", { port: jupyterPort });
  await createRuntime(harness, "one", { address: echo.address });
  await gateway.served("one");
});

/** A runtime with a server of its own; answers with its URL. */
async function serve(ulid: string, handle: RequestListener): Promise<string> {
  const { address } = await startRuntime(handle);
  await createRuntime(harness, ulid, { address });
  return gateway.served(ulid);
}

function post(url: string, headers: Record<string, string | number> = {}): ClientRequest {
  // A server that has answered need not read on from a connection that is not kept.
  const kept = { connection: "keep-alive", ...headers };
  const request = httpRequest(url, { method: "POST", headers: kept, agent: false });
  request.on("error", () => undefined);
  return request;
}

describe("a request to a runtime", () => {
  it("arrives at its Pod as it was sent, and says itself where it comes from", async () => {
    const target = `${pathOf("one")}/api/contents/a%20b.ipynb?x=%2F..&y`;
    const { status, json } = await ask(`${gateway.url}${target}`, {
      host: "r1.example",
      method: "PUT",
      body: "content",
      headers: { authorization: "token t", "x-forwarded-for": "127.0.0.1", "x-real-ip": "127.0.0.1" },
    });
    expect(status).toBe(200);
    expect(json).toMatchObject({ echo: "one", method: "PUT", url: target, body: "content" });
    expect(json?.headers).toMatchObject({
      host: "r1.example",
      authorization: "token t",
      "x-forwarded-for": "127.0.0.1",
      "x-forwarded-host": "r1.example",
      "x-forwarded-proto": "http",
    });
    expect(json?.headers).not.toHaveProperty("x-real-ip");
  });

  it("keeps what a trusted proxy says", async () => {
    const behind = await startGateway(harness, "behind", {
      DATALAYER_GATEWAY_TRUSTED_PROXIES: "10.0.0.0/8,127.0.0.0/8",
    });
    const headers = { "x-forwarded-for": "192.0.2.7", "x-forwarded-proto": "https" };
    const { json } = await ask(`${behind.url}${pathOf("one")}/`, { headers });
    expect(json?.headers).toMatchObject({
      "x-forwarded-for": "192.0.2.7, 127.0.0.1",
      "x-forwarded-proto": "https",
    });
  });

  it("does not take an upgrade to another protocol along", async () => {
    const headers = { connection: "Upgrade, HTTP2-Settings", upgrade: "h2c", "http2-settings": "AAMAAABk" };
    const { status, json } = await ask(`${gateway.url}${pathOf("one")}/`, { headers });
    expect(status).toBe(200);
    expect(json?.headers).not.toHaveProperty("upgrade");
    expect(json?.headers).not.toHaveProperty("http2-settings");
  });

  it.each([
    ["an unknown runtime", 404, "/jupyter/server/python/unknown/api"],
    ["a runtime of another pool", 404, "/jupyter/server/other/one/api"],
    ["no runtime", 404, "/"],
    ["a way out of its path", 400, `${pathOf("one")}/../two/api`],
    ["an encoded way out", 400, `${pathOf("one")}/%2e%2e/two/api`],
    ["an encoded slash", 400, `${pathOf("one")}%2fapi`],
  ])("for %s is refused with %i", async (_, status, path) => {
    const before = echo.requests;
    const answer = await ask(`${gateway.url}${path}`);
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.body)).toMatchObject({ status, success: false });
    expect(echo.requests).toBe(before);
  });

  it("waits with Retry-After for a Pod that is not ready yet, and arrives once it is", async () => {
    const address = await podAddress();
    const late = await startEcho("late", { port: jupyterPort, address });
    const pod = await createRuntime(harness, "late", { address, ready: false });
    const url = `${gateway.url}${pathOf("late")}/`;
    const refused = await eventually(async () => {
      const answer = await ask(url);
      return answer.status === 503 && answer;
    });
    expect(refused.headers["retry-after"]).toBe("1");
    expect(late.requests).toBe(0);
    await harness.setPod(pod, { address, ready: true });
    await eventually(async () => (await ask(url)).json?.echo === "late");
    await harness.setPod(pod, { address, ready: false });
    await eventually(async () => (await ask(url)).status === 503);
  });

  it("does not reach what no Pod can be: this host, or the link", async () => {
    await createRuntime(harness, "metadata", { address: "169.254.169.254" });
    await createRuntime(harness, "loopback", { address: "127.0.0.1" });
    await eventually(async () => (await ask(`${gateway.url}${pathOf("metadata")}/`)).status === 503);
    await eventually(async () => (await ask(`${gateway.url}${pathOf("loopback")}/`)).status === 503);
  });
});

describe("an answer of a runtime", () => {
  it("comes as it is made", async () => {
    const stream = await openStream(`${gateway.url}${pathOf("one")}/stream`);
    expect(stream.first).toBe("one\n");
    await ask(`${gateway.url}${pathOf("one")}/stream/finish`);
    expect(await stream.rest()).toBe("end\n");
  });

  it("keeps its status, its text, each cookie, and has no body where there is none", async () => {
    const url = await serve("cookies", (request, response) => {
      const status = request.url?.endsWith("/204") ? 204 : 299;
      response.writeHead(status, "As It Is", [
        "Set-Cookie",
        "a=b",
        "Set-Cookie",
        "c=d",
        "Keep-Alive",
        "timeout=9",
      ]);
      response.end();
    });
    const request = httpRequest(`${url}/`, { agent: false }).end();
    const [response] = (await once(request, "response")) as [IncomingMessage];
    expect([response.statusCode, response.statusMessage]).toEqual([299, "As It Is"]);
    expect(response.headers["set-cookie"]).toEqual(["a=b", "c=d"]);
    expect(response.headers["keep-alive"]).not.toBe("timeout=9");
    expect(await ask(`${url}/204`)).toMatchObject({ status: 204, body: "" });
    expect(await ask(`${url}/`, { method: "HEAD" })).toMatchObject({ status: 299, body: "" });
  });

  it.each([256, mebibyte])("of %d bytes keeps each of them", async (length) => {
    const body = Buffer.from(Array.from({ length }, (_, index) => index % 256));
    const url = await serve(`bytes${length}`, (_request, response) => {
      response.writeHead(200, { "content-length": length }).end(body);
    });
    const request = httpRequest(`${url}/`, { agent: false }).end();
    const [response] = (await once(request, "response")) as [IncomingMessage];
    expect(body.equals(await buffer(response))).toBe(true);
  });

  it("waits for a slow reader", async () => {
    const block = randomBytes(mebibyte);
    const blocks = 128;
    let sentBlocks = 0;
    const url = await serve("large", (_request, response) => {
      const source = Readable.from(
        (function* () {
          for (sentBlocks = 0; sentBlocks < blocks; sentBlocks++) yield block;
        })(),
      );
      source.pipe(response);
    });
    const request = httpRequest(`${url}/`, { agent: false }).end();
    const [response] = (await once(request, "response")) as [IncomingMessage];
    let before = -1;
    await eventually(() => (sentBlocks > 0 && sentBlocks === before) || ((before = sentBlocks), false), {
      intervalMs: 500,
      message: "the runtime being held up",
    });
    expect(sentBlocks).toBeLessThan(blocks / 2);
    const hash = createHash("sha256").update(await buffer(response));
    const expected = createHash("sha256");
    for (let index = 0; index < blocks; index++) expected.update(block);
    expect(hash.digest("hex")).toBe(expected.digest("hex"));
  });

  it("is not passed off as whole when it breaks off", async () => {
    const url = await serve("broken", (_request, response) => {
      response.writeHead(200, { "content-length": 1000 });
      response.write("half", () => response.destroy());
    });
    const request = httpRequest(`${url}/`, { agent: false }).end();
    const [response] = (await once(request, "response")) as [IncomingMessage];
    await expect(buffer(response)).rejects.toThrow("aborted");
  });

  it("that does not come is a 502", async () => {
    const url = await serve("mute", (request) => request.socket.destroy());
    expect((await ask(`${url}/`)).status).toBe(502);
  });

  it("is given up when the client goes", async () => {
    const gone = Promise.withResolvers<undefined>();
    const arrived = Promise.withResolvers<undefined>();
    const url = await serve("left", (_request, response) => {
      response.once("close", () => gone.resolve(undefined));
      arrived.resolve(undefined);
    });
    const request = httpRequest(`${url}/`, { agent: false }).end();
    request.on("error", () => undefined);
    await arrived.promise;
    request.destroy();
    await gone.promise;
  });
});

describe("the body of a request", () => {
  it("arrives whole, announced or in chunks", async () => {
    let hash = "";
    const url = await serve("upload", (request, response) => {
      void buffer(request).then((body) => {
        hash = createHash("sha256").update(body).digest("hex");
        response.end();
      });
    });
    const body = randomBytes(20 * mebibyte);
    const expected = createHash("sha256").update(body).digest("hex");
    const framings: Record<string, string | number>[] = [
      { "content-length": body.length },
      { "transfer-encoding": "chunked" },
    ];
    for (const headers of framings) {
      const request = post(`${url}/`, headers);
      Readable.from([body.subarray(0, mebibyte), body.subarray(mebibyte)]).pipe(request);
      const [response] = (await once(request, "response")) as [IncomingMessage];
      expect(response.statusCode).toBe(200);
      expect(hash).toBe(expected);
      hash = "";
    }
  });

  it.each<[string, Record<string, string | number>]>([
    ["announced", { "content-length": 40 * mebibyte }],
    ["sent in chunks", { "transfer-encoding": "chunked" }],
  ])("is refused when more is %s than may be", async (how, headers) => {
    const url = await serve(`limited${how.length}`, (incoming) => incoming.resume());
    const request = post(`${url}/`, headers);
    Readable.from(Array.from({ length: 40 }, () => Buffer.alloc(mebibyte))).pipe(request);
    const [response] = (await once(request, "response")) as [IncomingMessage];
    expect(response.statusCode).toBe(413);
    request.destroy();
  });

  it("need not be read for an answer", async () => {
    const url = await serve("hasty", (_request, response) => response.writeHead(401).end("who?"));
    const request = post(`${url}/`, { "content-length": 20 * mebibyte });
    Readable.from(Array.from({ length: 20 }, () => Buffer.alloc(mebibyte))).pipe(request);
    const [response] = (await once(request, "response")) as [IncomingMessage];
    expect(response.statusCode).toBe(401);
    expect((await buffer(response)).toString()).toBe("who?");
  });

  it("is asked for when the client wants to know first", async () => {
    const request = post(`${gateway.url}${pathOf("one")}/`, { expect: "100-continue", "content-length": 4 });
    request.flushHeaders();
    await once(request, "continue");
    request.end("body");
    const [response] = (await once(request, "response")) as [IncomingMessage];
    expect(JSON.parse((await buffer(response)).toString())).toMatchObject({ body: "body" });
  });
});
