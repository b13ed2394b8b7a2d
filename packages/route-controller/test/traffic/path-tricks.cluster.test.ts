import { once } from "node:events";
import { type IncomingMessage, request as httpRequest } from "node:http";
import { beforeAll, describe, expect, it } from "vitest";
import { startEcho } from "../echo.ts";
import { ruleFor, type Stage, startStage } from "./stage.ts";

let stage: Stage;

beforeAll(async () => {
  stage = await startStage();
  const services = ["target", "other"];
  await Promise.all(services.map(async (name) => stage.cluster.serve(name, [await startEcho(name)])));
});

// Both of one host: whoever may use the first must not get at the second.
describe("given a public path and a private one", () => {
  beforeAll(async () => {
    await stage.secret("users", { users: "nobody:$apr1$nothing" });
    await stage.serve("public", { hosts: ["both.test"], rules: [ruleFor("/public")] });
    await stage.serve("private", {
      hosts: ["both.test"],
      auth: { kind: "basic", secretName: "users" },
      rules: [ruleFor("/private", {}, "other")],
    });
  });

  it("the private one asks for a password", async () => {
    expect((await stage.ask("both", "/private/a")).status).toBe(401);
    expect((await stage.ask("both", "/public/a")).json?.url).toBe("/public/a");
  });

  it.each([
    "/public/../private/a",
    "/public/./../private/a",
    "/public//../private/a",
    "/public/%2e%2e/private/a",
    "/public/%2E%2E/private/a",
    "/public/.%2e/private/a",
    "//private/a",
    "///private//a",
    "/./private/a",
    "/%70rivate/a",
  ])("%s is the private path, and asks for a password", async (path) => {
    expect((await stage.ask("both", path)).status).toBe(401);
  });

  it.each([
    "/public/..%2fprivate/a",
    "/public/..%2Fprivate/a",
    "/public%2f..%2fprivate/a",
    "/public/%2e%2e%2fprivate/a",
    "/public/..%5cprivate/a",
    "/public/..%5Cprivate/a",
    "/public/%00/private/a",
    "/public/a%00",
    "/public/a%3fb",
    "/public/a%23b",
    "/public/%2f/private/a",
    "/public/#/../private/a",
    "/public/a#b",
    "/public/%",
    "/public/%zz",
  ])("%s is refused, and reaches nothing", async (path) => {
    const { status } = await stage.ask("both", path);
    expect([400, 404]).toContain(status);
  });

  it.each([
    "/public/..;/private/a",
    "/public/..%3b/private/a",
    "/public/%252e%252e/private/a",
    "/public/..%252fprivate/a",
  ])("%s stays what it is, below the public path", async (path) => {
    const { json } = await stage.ask("both", path);
    expect(json).toMatchObject({ echo: "target" });
    expect(json?.url.toLowerCase()).toBe(path);
  });

  it.each([
    "http://both.test/private/a",
    "http://other.test/private/a",
    "http://both.test/public/../private/a",
  ])("the address %s in place of a path reaches nothing without a password", async (address) => {
    expect([400, 401, 404]).toContain(await statusOf(address));
  });
});

/** Status of a request whose target is a whole address, as proxies get it. */
async function statusOf(address: string): Promise<number | undefined> {
  const { hostname, port } = new URL(stage.traefik.url);
  const request = httpRequest({
    hostname,
    port,
    path: address,
    headers: { host: "both.test" },
    agent: false,
  }).end();
  const [response] = (await once(request, "response")) as [IncomingMessage];
  response.resume();
  return response.statusCode;
}

describe("given two runtimes whose targets ask for credentials themselves", () => {
  beforeAll(() =>
    stage.serve("runtimes", {
      auth: { kind: "target" },
      rules: [ruleFor("/jupyter/server/pool/rt1"), ruleFor("/jupyter/server/pool/rt10", {}, "other")],
    }),
  );

  it.each([
    ["/jupyter/server/pool/rt1/api", "target"],
    ["/jupyter/server/pool/rt10/api", "other"],
    ["/jupyter/server/pool/rt1/../rt10/api", "other"],
    // Files may have such names; what is behind the first path stays there.
    ["/jupyter/server/pool/rt1/api/contents/a%2Fb", "target"],
    ["/jupyter/server/pool/rt1/..%2Frt10/api", "target"],
    ["/jupyter/server/pool/rt1%2F..%2Frt10/api", undefined],
  ])("%s reaches %s", async (path, echo) => {
    expect((await stage.ask("runtimes", path)).json?.echo).toBe(echo);
  });
});
