import { beforeAll, describe, expect, it } from "vitest";
import type { RouteRedirect, RouteRewrite } from "@datalayer/shared/crds/route";
import type { ResolvedMatch } from "../../src/backends/backend.ts";
import { openWebSocket } from "../client.ts";
import { type Echo, startEcho } from "../echo.ts";
import { resolvedMatch, resolvedRule } from "../resolved-route.ts";
import { ruleFor, type Stage, startStage } from "./stage.ts";

let stage: Stage;
let echo: Echo;

beforeAll(async () => {
  stage = await startStage();
  echo = await startEcho("target");
  await stage.cluster.serve("target", [echo]);
});

describe("a rewrite", () => {
  const cases: [string, string, RouteRewrite, [string, string][]][] = [
    ["whole", "/a", { path: "/index.html" }, [["/a/b?c=d", "/index.html?c=d"]]],
    [
      "prefix",
      "/a",
      { prefix: "/b/c" },
      [
        ["/a", "/b/c"],
        ["/a/", "/b/c/"],
        ["/a/x/y?z=1", "/b/c/x/y?z=1"],
        ["/a/a/x", "/b/c/a/x"],
        ["/a/x%20y", "/b/c/x%20y"],
      ],
    ],
    [
      "cut",
      "/a",
      { prefix: "/" },
      [
        ["/a", "/"],
        ["/a/", "/"],
        ["/a/x?y", "/x?y"],
      ],
    ],
    [
      "added",
      "/",
      { prefix: "/b" },
      [
        ["/", "/b/"],
        ["/x", "/b/x"],
      ],
    ],
    ["literal", "/a.b", { prefix: "/c.$1" }, [["/a.b/x", "/c.$1/x"]]],
  ];

  describe.each(cases)("%s of %s", (name, prefix, rewrite, paths) => {
    beforeAll(() => stage.serve(`rewrite-${name}`, { rules: [ruleFor(prefix, { rewrite })] }));

    it.each(paths)("the target sees %s as %s", async (path, seen) => {
      expect((await stage.ask(`rewrite-${name}`, path)).json?.url).toBe(seen);
    });
  });

  it("holds for WebSockets too, and the expression takes nothing else", async () => {
    const socket = await openWebSocket(`${stage.traefik.url}/a/ws`, { host: "rewrite-prefix.test" });
    expect(await socket.exchange("hello")).toBe("target: hello");
    await socket.close();
    expect((await stage.ask("rewrite-literal", "/axb/x")).status).toBe(404);
  });
});

describe("a redirect", () => {
  const prefix = (value: string): Partial<ResolvedMatch> => ({ path: { type: "Prefix", value } });
  const cases: {
    name: string;
    match?: Partial<ResolvedMatch>;
    redirect: RouteRedirect;
    from: string;
    to: string;
  }[] = [
    {
      name: "scheme",
      redirect: { scheme: "https" },
      from: "/a?b=c",
      to: "https://redirect-scheme.test/a?b=c",
    },
    { name: "host", redirect: { host: "b.test" }, from: "/a", to: "http://b.test/a" },
    {
      name: "port",
      redirect: { port: 8443, scheme: "https" },
      from: "/",
      to: "https://redirect-port.test:8443/",
    },
    {
      name: "usual",
      redirect: { port: 443, scheme: "https" },
      from: "/",
      to: "https://redirect-usual.test/",
    },
    { name: "path", redirect: { path: "/new" }, from: "/a/b?c=d", to: "http://redirect-path.test/new?c=d" },
    { name: "literal", redirect: { path: "/new.$1" }, from: "/a", to: "http://redirect-literal.test/new.$1" },
    {
      name: "prefix",
      match: prefix("/a"),
      redirect: { prefix: "/b" },
      from: "/a/x?y",
      to: "http://redirect-prefix.test/b/x?y",
    },
    {
      name: "alone",
      match: prefix("/a"),
      redirect: { prefix: "/b" },
      from: "/a",
      to: "http://redirect-alone.test/b",
    },
    {
      name: "cut",
      match: prefix("/a"),
      redirect: { prefix: "/" },
      from: "/a/x",
      to: "http://redirect-cut.test/x",
    },
    {
      name: "cut-alone",
      match: prefix("/a"),
      redirect: { prefix: "/" },
      from: "/a",
      to: "http://redirect-cut-alone.test/",
    },
    {
      name: "all",
      match: prefix("/a"),
      redirect: { scheme: "https", host: "b.test", port: 1, prefix: "/c" },
      from: "/a/d",
      to: "https://b.test:1/c/d",
    },
  ];

  it.each(cases)("$name leads from $from to $to", async ({ name, match, redirect, from, to }) => {
    const rule = resolvedRule({ matches: [resolvedMatch(match)], targets: [], redirect });
    await stage.serve(`redirect-${name}`, { rules: [rule] });
    const before = echo.requests;
    const { status, headers } = await stage.ask(`redirect-${name}`, from);
    expect([status, headers.location]).toEqual([302, to]);
    expect(echo.requests).toBe(before);
  });

  it("keeps the port that the client asked for, for good when it says so", async () => {
    const redirect = { path: "/new", statusCode: 301 };
    await stage.serve("redirect-good", { rules: [resolvedRule({ targets: [], redirect })] });
    const { status, headers } = await stage.ask("redirect-good", "/old", { host: "redirect-good.test:8000" });
    expect([status, headers.location]).toEqual([301, "http://redirect-good.test:8000/new"]);
    expect((await stage.ask("redirect-good", "/old", { method: "POST" })).status).toBe(308);
  });

  it("to itself ends in an error, not in a loop", async () => {
    const redirect = { host: "redirect-self.test" };
    await stage.serve("redirect-self", { rules: [resolvedRule({ targets: [], redirect })] });
    expect((await stage.ask("redirect-self", "/")).status).toBe(503);
  });
});

it("headers are set and removed, of requests and of answers", async () => {
  const headers = {
    request: { set: [{ name: "x-team", value: "a $1 `b` {{c}}" }], remove: ["X-Debug"] },
    response: { set: [{ name: "Cache-Control", value: "no-store" }], remove: ["X-Echo"] },
  };
  await stage.serve("headers", { rules: [ruleFor("/", { headers })] });
  const answer = await stage.ask("headers", "/", {
    headers: { "X-Team": "mine", "X-Debug": "1", "X-Kept": "2" },
  });
  expect(answer.json?.headers).toMatchObject({ "x-team": "a $1 `b` {{c}}", "x-kept": "2" });
  expect(answer.json?.headers).not.toHaveProperty("x-debug");
  expect(answer.headers).toMatchObject({ "cache-control": "no-store" });
  expect(answer.headers).not.toHaveProperty("x-echo");
});

describe("CORS", () => {
  const page = { origin: "https://lab.test" };
  const asks = { ...page, "access-control-request-method": "PUT" };

  beforeAll(async () => {
    await stage.secret("nobody", { users: "nobody:$apr1$nothing" });
    await stage.serve("cors", {
      // A browser asks before it has credentials.
      auth: { kind: "basic", secretName: "nobody" },
      rules: [
        resolvedRule({ matches: [resolvedMatch({ methods: ["PUT"] })], targets: ruleFor("/").targets }),
      ],
      policy: {
        cors: {
          origins: ["https://lab.test"],
          methods: ["PUT"],
          headers: ["Content-Type"],
          exposeHeaders: ["X-Total"],
          credentials: true,
          maxAgeSeconds: 60,
        },
      },
    });
    await stage.serve("cors-open", { policy: { cors: { origins: ["https://lab.test"] } } });
  });

  it("answers a browser that asks first, although it asks by another method and without credentials", async () => {
    const { status, headers } = await stage.ask("cors", "/", { method: "OPTIONS", headers: asks });
    expect(status).toBe(200);
    expect(headers).toMatchObject({
      "access-control-allow-origin": "https://lab.test",
      "access-control-allow-methods": "PUT",
      "access-control-allow-headers": "Content-Type",
      "access-control-allow-credentials": "true",
      "access-control-max-age": "60",
    });
  });

  it("says nothing to pages of other origins", async () => {
    const headers = { ...asks, origin: "https://evil.test" };
    const answer = await stage.ask("cors", "/", { method: "OPTIONS", headers });
    expect(answer.headers).not.toHaveProperty("access-control-allow-origin");
  });

  it("lets nothing else in by that method", async () => {
    expect((await stage.ask("cors", "/", { method: "OPTIONS" })).status).toBe(404);
    expect((await stage.ask("cors", "/", { method: "OPTIONS", headers: page })).status).toBe(404);
  });

  it("marks answers for the page that may read them, and for no other", async () => {
    const { headers } = await stage.ask("cors-open", "/", { headers: page });
    expect(headers).toMatchObject({ "access-control-allow-origin": "https://lab.test", vary: "Origin" });
    const other = await stage.ask("cors-open", "/", { headers: { origin: "https://evil.test" } });
    expect(other.headers).not.toHaveProperty("access-control-allow-origin");
  });
});

describe("compression", () => {
  const headers = { "accept-encoding": "gzip" };

  it("is for large answers, and for who takes it", async () => {
    await stage.serve("compressed", { policy: { compression: { minBytes: 2_048 } } });
    const body = "a".repeat(8_192);
    const large = await stage.ask("compressed", "/", { method: "POST", body, headers });
    expect(large.headers["content-encoding"]).toBe("gzip");
    expect(large.body.length).toBeLessThan(body.length);
    const small = await stage.ask("compressed", "/", { headers });
    expect(small.headers).not.toHaveProperty("content-encoding");
    const plain = await stage.ask("compressed", "/", { method: "POST", body });
    expect(plain.json?.body).toBe(body);
  });
});

describe("a limit of the body", () => {
  beforeAll(() => stage.serve("limited", { policy: { bodyLimit: { maxBytes: 1_000 } } }));

  it("lets bodies up to it through, and refuses larger ones", async () => {
    expect((await stage.ask("limited", "/", { method: "POST", body: "a".repeat(1_000) })).status).toBe(200);
    const before = echo.requests;
    expect((await stage.ask("limited", "/", { method: "POST", body: "a".repeat(1_001) })).status).toBe(413);
    expect(echo.requests).toBe(before);
  });

  it("is not passed by a body of unknown length", async () => {
    const headers = { "transfer-encoding": "chunked" };
    const { status } = await stage.ask("limited", "/", { method: "POST", body: "a".repeat(10_000), headers });
    expect(status).toBe(413);
  });

  it("does not end WebSockets", async () => {
    const socket = await openWebSocket(`${stage.traefik.url}/`, { host: "limited.test" });
    expect(await socket.exchange("a".repeat(2_000))).toBe(`target: ${"a".repeat(2_000)}`);
    await socket.close();
  });
});
