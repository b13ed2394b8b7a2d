import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { administratorsAgent } from "./agents.ts";
import { askUpstream, type Upstream } from "./ask.ts";

const dispatcher = administratorsAgent();
let answer: { status: number; headers: Record<string, string | string[]> };
let seen: IncomingHttpHeaders;
const server = createServer((request, response) => {
  seen = request.headers;
  response.writeHead(answer.status, answer.headers).end("body");
});
let upstream: Upstream;

beforeAll(async () => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const responseHeaders = ["X-User-Id", "X-Roles"];
  upstream = { url: `http://127.0.0.1:${port}/auth`, field: "platform", responseHeaders, dispatcher };
});
beforeEach(() => {
  answer = { status: 200, headers: {} };
});
afterAll(async () => {
  await dispatcher.close();
  server.closeAllConnections();
  server.close();
});

const forwarded = {
  method: "POST",
  protocol: "https",
  authority: "a.test:8443",
  host: "a.test",
  uri: "/x?y=1",
  clientAddress: "203.0.113.9",
};
const ask = () =>
  askUpstream(upstream, { forwarded, credentials: { authorization: "Bearer t", cookie: "a=b" } });

describe("a service that is asked about a request", () => {
  it("gets its credentials, and what it is for", async () => {
    await ask();
    expect(seen).toMatchObject({
      authorization: "Bearer t",
      cookie: "a=b",
      "x-forwarded-method": "POST",
      "x-forwarded-proto": "https",
      "x-forwarded-host": "a.test:8443",
      "x-forwarded-uri": "/x?y=1",
      "x-forwarded-for": "203.0.113.9",
    });
  });

  it("lets it pass by 2xx, with those of its headers that were chosen", async () => {
    answer = { status: 204, headers: { "x-user-id": "u1", "x-other": "no", "set-cookie": "a=b" } };
    expect(await ask()).toEqual({
      kind: "allowed",
      headers: { "X-Auth-Method": "platform", "X-User-Id": "u1" },
    });
  });

  it("says nothing with a header that it sends in a form that cannot be passed on", async () => {
    answer = {
      status: 200,
      headers: { "x-user-id": Buffer.from("Zoë").toString("latin1"), "x-roles": "a, b" },
    };
    expect(await ask()).toEqual({
      kind: "allowed",
      headers: { "X-Auth-Method": "platform", "X-Roles": "a, b" },
    });
  });

  it.each([
    [401, { "www-authenticate": 'Bearer realm="iam"' }, { status: 401, challenge: 'Bearer realm="iam"' }],
    [401, {}, { status: 401, challenge: "Bearer" }],
    [302, { location: "https://sign.in/" }, { status: 401, challenge: "Bearer" }],
    [403, {}, { status: 403 }],
    [404, {}, { status: 503 }],
    [429, {}, { status: 503 }],
    [500, {}, { status: 503 }],
  ])("that answers with %i and %j keeps it out", async (status, headers, expected) => {
    answer = { status, headers };
    expect(await ask()).toMatchObject({ kind: "denied", ...expected });
  });

  it("that cannot be reached keeps it out", async () => {
    const gone = { ...upstream, url: "http://127.0.0.1:1/" };
    expect(await askUpstream(gone, { forwarded, credentials: {} })).toMatchObject({
      status: 503,
      reason: "upstream-unavailable",
    });
  });
});
