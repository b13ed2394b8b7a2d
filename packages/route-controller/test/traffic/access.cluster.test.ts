import { createHash } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import { once } from "node:events";
import { afterFile } from "@datalayer/devcluster/testkit/cluster";
import { podAddress } from "@datalayer/devcluster/testkit/pod-address";
import { beforeAll, describe, expect, it } from "vitest";
import { openWebSocket, type Request } from "../client.ts";
import { type Echo, startEcho } from "../echo.ts";
import { ruleFor, type Stage, startStage } from "./stage.ts";

let stage: Stage;
let echo: Echo;

beforeAll(async () => {
  stage = await startStage();
  echo = await startEcho("target");
  await stage.cluster.serve("target", [echo]);
});

/** Runs the requests and tells how many came through to the target. */
async function arrived(requests: () => Promise<unknown>): Promise<number> {
  const before = echo.requests;
  await requests();
  return echo.requests - before;
}

describe("basic authentication", () => {
  const withPassword = (user: string, password: string): Request => ({
    headers: { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}` },
  });

  beforeAll(async () => {
    const hash = createHash("sha1").update("correct horse").digest("base64");
    await stage.secret("users", { users: `ada:{SHA}${hash}` });
    await stage.serve("basic", { auth: { kind: "basic", secretName: "users" } });
  });

  it("lets in who knows the password, and keeps it from the target", async () => {
    const { status, json } = await stage.ask("basic", "/a", withPassword("ada", "correct horse"));
    expect(status).toBe(200);
    expect(json?.headers).not.toHaveProperty("authorization");
  });

  it.each<[string, Request]>([
    ["without credentials", {}],
    ["with a wrong password", withPassword("ada", "wrong")],
    ["as a user that is not there", withPassword("eve", "correct horse")],
    ["without a password", withPassword("ada", "")],
    ["with another scheme", { headers: { authorization: "Bearer correct horse" } }],
    ["with what is not base64", { headers: { authorization: "Basic ~~~" } }],
  ])("refuses requests %s", async (_, request) => {
    expect(
      await arrived(async () => expect((await stage.ask("basic", "/a", request)).status).toBe(401)),
    ).toBe(0);
  });

  it("holds for WebSockets", async () => {
    const url = `${stage.traefik.url}/`;
    await expect(openWebSocket(url, { host: "basic.test" })).rejects.toThrow("401");
    const socket = await openWebSocket(url, { host: "basic.test", ...withPassword("ada", "correct horse") });
    expect(await socket.exchange("hello")).toBe("target: hello");
    await socket.close();
  });
});

describe("a service that is asked", () => {
  let asked: IncomingMessage["headers"][] = [];
  let url: string;

  beforeAll(async () => {
    // Lets in who names itself, and says who it is.
    const server = createServer((request, response) => {
      asked.push(request.headers);
      const { authorization } = request.headers;
      if (authorization === "Bearer ada") response.setHeader("X-User", "ada");
      else if (authorization !== "Bearer anonymous")
        response.writeHead(302, { location: "/sign-in?next=here" });
      response.end("asked");
    });
    const address = await podAddress();
    server.listen(9_700, address);
    await once(server, "listening");
    afterFile(async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    });
    url = `http://${address}:9700/check`;
    const requestHeaders = ["Authorization"];
    const responseHeaders = ["X-User", "X-User-Groups"];
    await stage.serve("forward", {
      auth: { kind: "forward", field: "forward", url, requestHeaders, responseHeaders },
    });
  });

  const as = (name: string, headers: Record<string, string> = {}): Request => ({
    headers: { authorization: `Bearer ${name}`, ...headers },
  });

  it("lets requests in, and tells the target who sends them", async () => {
    asked = [];
    const { json } = await stage.ask("forward", "/a?b=c", as("ada"));
    expect(json?.headers).toMatchObject({ "x-user": "ada" });
    expect(asked).toMatchObject([
      { "x-forwarded-method": "GET", "x-forwarded-host": "forward.test", "x-forwarded-uri": "/a?b=c" },
    ]);
  });

  it("refuses, with its own answer and address", async () => {
    expect(
      await arrived(async () => {
        const { status, headers } = await stage.ask("forward", "/");
        expect([status, headers.location]).toEqual([302, "/sign-in?next=here"]);
      }),
    ).toBe(0);
  });

  const plain = ["X-User", "x-user", "X_User", "x_user", "X-User-Groups", "X_User_Groups"];
  const mixed = ["X.User", "X-User_Groups", "X.User-Groups", "X~User"];

  it.each([...plain, ...mixed])("leaves the target nothing of %s from outside", async (name) => {
    const { json } = await stage.ask("forward", "/", as("anonymous", { [name]: "root" }));
    expect(json?.echo).toBe("target");
    expect(JSON.stringify(json?.headers)).not.toContain("root");
  });

  it.each([...plain, ...mixed])("does not see %s from outside itself", async (name) => {
    asked = [];
    await stage.ask("forward", "/", as("anonymous", { [name]: "root" }));
    expect(asked).toHaveLength(1);
    expect(JSON.stringify(asked)).not.toContain("root");
  });

  it("is not made to lose who it is by naming the header one of the connection", async () => {
    const { json } = await stage.ask("forward", "/", as("ada", { connection: "close, X-User" }));
    expect(json?.headers).toMatchObject({ "x-user": "ada" });
  });

  it("is not lied to about host, path and method", async () => {
    asked = [];
    const lies = {
      "X-Forwarded-Uri": "/public",
      "X-Forwarded-Host": "other.test",
      "X-Forwarded-Method": "OPTIONS",
      "X-Forwarded-For": "10.0.0.1",
      "X-Forwarded-Prefix": "/public",
      "X-Original-Url": "/public",
    };
    await stage.ask("forward", "/private", as("ada", lies));
    const [seen] = asked;
    expect(seen).toMatchObject({
      "x-forwarded-uri": "/private",
      "x-forwarded-host": "forward.test",
      "x-forwarded-method": "GET",
    });
    expect(seen?.["x-forwarded-for"]).not.toContain("10.0.0.1");
    expect(seen).not.toHaveProperty("x-forwarded-prefix");
  });

  it("is asked before a WebSocket opens", async () => {
    const address = `${stage.traefik.url}/`;
    await expect(openWebSocket(address, { host: "forward.test" })).rejects.toThrow("302");
    const socket = await openWebSocket(address, { host: "forward.test", ...as("ada") });
    expect(await socket.exchange("hello")).toBe("target: hello");
    await socket.close();
  });

  it("that does not answer lets nobody in", async () => {
    const nowhere = `http://${await podAddress()}:9700/`;
    await stage.serve("closed", {
      auth: {
        kind: "forward",
        field: "jwt",
        url: nowhere,
        requestHeaders: ["Authorization"],
        responseHeaders: [],
      },
    });
    expect(
      await arrived(async () => expect((await stage.ask("closed", "/", as("ada"))).status).toBe(500)),
    ).toBe(0);
  });
});

describe("an allow list", () => {
  it("turns away clients of other addresses, whatever they say of themselves", async () => {
    const mine = await podAddress();
    await stage.serve("listed", { policy: { ipAllow: [`${mine}/32`] } });
    expect((await stage.ask("listed", "/", { localAddress: mine })).status).toBe(200);
    const headers = { "X-Forwarded-For": mine, "X-Real-Ip": mine, Forwarded: `for=${mine}` };
    const localAddress = await podAddress();
    expect((await stage.ask("listed", "/", { localAddress, headers })).status).toBe(403);
  });
});

describe("a rate limit", () => {
  it("turns away the requests of a client that asks too much, and not those of others", async () => {
    await stage.serve("rated", { policy: { rateLimit: { requests: 1, period: "1h", burst: 3 } } });
    const greedy = await podAddress();
    const statuses: number[] = [];
    for (let request = 0; request < 5; request++)
      statuses.push((await stage.ask("rated", "/", { localAddress: greedy })).status);
    expect(statuses).toEqual([200, 200, 200, 429, 429]);
    const headers = { "X-Forwarded-For": "10.0.0.1" };
    expect((await stage.ask("rated", "/", { localAddress: greedy, headers })).status).toBe(429);
    expect((await stage.ask("rated", "/", { localAddress: await podAddress() })).status).toBe(200);
  });
});

it("a Route whose target asks for credentials itself leaves them to the target", async () => {
  await stage.serve("own", { auth: { kind: "target" }, rules: [ruleFor("/")] });
  const { json } = await stage.ask("own", "/", { headers: { authorization: "token secret" } });
  expect(json?.headers).toMatchObject({ authorization: "token secret" });
});
