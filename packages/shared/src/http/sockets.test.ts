import { connect, type AddressInfo, type Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { KEY, testApp, type TestApp } from "./testkit/app.ts";

const HEAD = `POST /api/operator/v1/runtimes HTTP/1.1\r\nHost: operator\r\nX-API-Key: ${KEY}\r\n`;
const JSON_HEAD = `${HEAD}Content-Type: application/json\r\n`;

let test: TestApp;
let sockets: Socket[] = [];

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  sockets = [];
  await test.app.close();
});

/** What the server answers to raw bytes, until it closes the connection. */
async function answerTo(bytes: string, keepSending?: (socket: Socket) => void): Promise<string> {
  const socket = connect((test.app.server.address() as AddressInfo).port, "127.0.0.1");
  sockets.push(socket);
  let answer = "";
  socket.on("data", (chunk) => (answer += chunk.toString()));
  // The server may reset a connection it no longer reads; what it said before is what counts.
  socket.on("error", () => undefined);
  socket.write(bytes);
  keepSending?.(socket);
  await new Promise((resolve) => socket.once("close", resolve));
  return answer;
}

/** The body of an answer. */
function problemIn(answer: string): { detail?: string } {
  return JSON.parse(answer.slice(answer.indexOf("\r\n\r\n"))) as { detail?: string };
}

async function listen(limits: { headersTimeoutMs?: number; requestTimeoutMs?: number } = {}): Promise<void> {
  test = await testApp({ limits });
  await test.app.listen({ port: 0, host: "127.0.0.1" });
}

describe("on the wire", () => {
  it.each([
    [
      "both Content-Length and Transfer-Encoding",
      `${JSON_HEAD}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    ],
    ["two lengths", `${JSON_HEAD}Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcde`],
    ["a length that is no number", `${JSON_HEAD}Content-Length: 1e3\r\n\r\n`],
    ["an unknown transfer coding", `${JSON_HEAD}Transfer-Encoding: chunked, xchunked\r\n\r\n0\r\n\r\n`],
    ["a space before the colon", `${HEAD}Content-Length : 4\r\n\r\nabcd`],
    ["a folded header", `${HEAD}X-A: b\r\n c\r\nConnection: close\r\n\r\n`],
    ["a bare line feed in a header", `${HEAD}X-A: b\nX-B: c\r\rConnection: close\r\n\r\n`],
    [
      "an absolute URI",
      `GET http://elsewhere/api/operator/version HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`,
    ],
    [
      "a dot segment",
      `GET /api/operator/../operator/version HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`,
    ],
    ["no HTTP at all", "\u0016\u0003\u0001 hello\r\n\r\n"],
  ])("refuses %s", async (_what, bytes) => {
    await listen();
    const answer = await answerTo(bytes);
    expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    expect(problemIn(answer).detail).toMatch(
      /^(This is not a request that HTTP knows\.|Send a plain absolute path: .+)$/,
    );
  });

  it("refuses a request without Host, as Node does by itself", async () => {
    await listen();
    const answer = await answerTo("GET /api/operator/version HTTP/1.1\r\nConnection: close\r\n\r\n");
    expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
  });

  it.each([
    ["too large", `X-Large: ${"x".repeat(20_000)}\r\n`],
    ["a key of a megabyte", `X-API-Key: ${"x".repeat(1_000_000)}\r\n`],
    ["ten thousand", Array.from({ length: 10_000 }, (_, index) => `X-${index}: a\r\n`).join("")],
  ])("refuses headers that are %s", async (_what, headers) => {
    await listen();
    const answer = await answerTo(`${HEAD}${headers}\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 431 /);
    const detail = "Send headers of 16 KiB at most, all together.";
    expect(problemIn(answer)).toMatchObject({ status: 431, success: false, detail });
  });

  it("gives up on headers that never end", async () => {
    await listen({ headersTimeoutMs: 200, requestTimeoutMs: 5_000 });
    const answer = await answerTo(HEAD);
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
    expect(problemIn(answer).detail).toBe("The request took too long to arrive.");
  });

  it("gives up on a body that trickles in", async () => {
    await listen({ headersTimeoutMs: 200, requestTimeoutMs: 300 });
    const answer = await answerTo(`${JSON_HEAD}Content-Length: 1000\r\n\r\n`, (socket) => {
      const trickle = setInterval(() => (socket.writable ? socket.write("x") : clearInterval(trickle)), 50);
      socket.once("close", () => clearInterval(trickle));
    });
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
  });

  it("refuses a gigabyte by its announcement, without reading it", async () => {
    await listen();
    const answer = await answerTo(`${JSON_HEAD}Content-Length: 1000000000\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(answer).toMatch(/\r\nconnection: close\r\n/i);
  });

  it("refuses a body that turns out too large", async () => {
    await listen();
    const chunk = `10000\r\n${"x".repeat(0x10000)}\r\n`;
    const answer = await answerTo(`${JSON_HEAD}Transfer-Encoding: chunked\r\n\r\n${chunk.repeat(20)}`);
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
  });

  it("does not wait for the body of a caller without a key", async () => {
    await listen();
    const head = "POST /api/operator/v1/runtimes HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n";
    const answer = await answerTo(`${head}Content-Length: 1000000\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 401 /);
  });

  it("refuses a key that is sent twice", async () => {
    await listen();
    const answer = await answerTo(
      `${HEAD.replace("POST", "GET")}X-API-Key: ${KEY}\r\nConnection: close\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 401 /);
  });

  it("serves others while many callers dawdle, and shows those the door", async () => {
    await listen({ headersTimeoutMs: 500, requestTimeoutMs: 5_000 });
    const dawdlers = Array.from({ length: 300 }, () => answerTo(HEAD));
    const answer = await answerTo(`${HEAD.replace("POST", "GET")}Connection: close\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    const answers = await Promise.all(dawdlers);
    expect(new Set(answers.map((text) => text.slice(0, 12)))).toEqual(new Set(["HTTP/1.1 408"]));
  });

  it("finishes what it has begun when it closes", async () => {
    test = await testApp();
    const arrived = Promise.withResolvers<undefined>();
    const released = Promise.withResolvers<undefined>();
    test.app.get("/slow", { config: { public: true } }, async () => {
      arrived.resolve(undefined);
      await released.promise;
      return { success: true };
    });
    await test.app.listen({ port: 0, host: "127.0.0.1" });
    const answer = answerTo("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
    await arrived.promise;
    const closed = test.app.close();
    released.resolve(undefined);
    expect(await answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    await closed;
  });
});
