import fc from "fast-check";
import type { InjectOptions } from "fastify";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Health } from "./health.ts";
import { KEY, PREVIOUS_KEY, testApp, type TestApp } from "./testkit/app.ts";

const RUNTIMES = "/api/operator/v1/runtimes";
const VALID = '{"environment_name":"python-simple-env"}';

let test: TestApp;

beforeAll(async () => {
  test = await testApp({ health: new Health() });
});

afterAll(() => test.app.close());

async function request(options: InjectOptions) {
  const { headers, ...rest } = options;
  const reply = await test.app.inject({ ...rest, headers: { "x-api-key": KEY, ...headers } });
  const text = reply.body;
  return { reply, text, body: JSON.parse(text === "" ? "{}" : text) as Record<string, unknown> };
}

function post(payload: string | Buffer, headers: Record<string, string> = {}) {
  return request({
    method: "POST",
    url: RUNTIMES,
    payload,
    headers: { "content-type": "application/json", ...headers },
  });
}

describe("an app", () => {
  it("answers a valid request", async () => {
    const { reply, body } = await post(VALID);
    expect(reply.statusCode).toBe(200);
    expect(body).toEqual({
      success: true,
      body: { environment_name: "python-simple-env", type: "notebook" },
    });
  });

  it("ignores fields it does not know", async () => {
    const { reply, body } = await post(
      '{"environment_name":"e","capabilities":["user_storage"],"agent_spec":{}}',
    );
    expect(reply.statusCode).toBe(200);
    expect(body["body"]).toEqual({ environment_name: "e", type: "notebook" });
  });

  it("accepts a DELETE that announces JSON and sends none", async () => {
    const headers = { "content-type": "application/json" };
    const { reply } = await request({ method: "DELETE", url: `${RUNTIMES}/runtime-1`, headers });
    expect(reply.statusCode).toBe(200);
  });

  it.each(["/version", "/openapi.json"])("serves %s without a key", async (path) => {
    const reply = await test.app.inject({ url: `/api/operator${path}` });
    expect(reply.statusCode).toBe(200);
  });

  it.each(["/livez", "/readyz"])("serves %s without a key", async (path) => {
    const reply = await test.app.inject({ url: path });
    expect([reply.statusCode, reply.body]).toEqual([200, "ok\n"]);
  });

  it("says which version runs, in the published envelope", async () => {
    const reply = await test.app.inject({ url: "/api/operator/version" });
    expect(reply.json()).toEqual({
      success: true,
      message: "test-controller 1.2.3",
      name: "test-controller",
      version: "1.2.3",
    });
  });

  it("takes a caller's request id and returns it", async () => {
    const { reply } = await request({ url: RUNTIMES, headers: { "x-request-id": "abc-1.2_3" } });
    expect(reply.headers["x-request-id"]).toBe("abc-1.2_3");
  });

  it.each(["", "a b", "x".repeat(129), "evil\u001b[2J", "a,b"])("replaces the request id %j", async (id) => {
    const { reply } = await request({ url: RUNTIMES, headers: { "x-request-id": id } });
    expect(reply.headers["x-request-id"]).toMatch(/^[0-9a-f-]{36}$/);
  });

  it("logs the trace that a request is part of, and nothing that only looks like one", async () => {
    const trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    for (const traceparent of [
      `00-${trace}-00f067aa0ba902b7-01`,
      `00-${"0".repeat(32)}-00f067aa0ba902b7-01`,
      "forged",
    ])
      await request({ url: "/api/operator/v1/bug", headers: { traceparent } });
    const traced = [...(await test.logged()).matchAll(/"trace_id":"([^"]*)"/g)].map(([, id]) => id);
    expect(traced).toEqual([trace, trace]);
  });

  it("measures by route, never by URL", async () => {
    await request({ url: `${RUNTIMES}/runtime-unique-1` });
    await request({ url: "/no/such/unique-2" });
    const metrics = await test.registry.metrics();
    expect(metrics).toContain('route="/api/operator/v1/runtimes/:pod_name"');
    expect(metrics).toContain('route="unmatched",code="404"');
    expect(metrics).not.toContain("unique");
  });
});

describe("the OpenAPI document", () => {
  it("describes routes, their bodies, the key and the problems", async () => {
    const document = (await test.app.inject({ url: "/api/operator/openapi.json" })).json<{
      openapi: string;
      security: unknown;
      paths: Record<string, Record<string, Record<string, unknown>>>;
      components: { responses: Record<string, unknown>; schemas: object };
    }>();
    expect(document.openapi).toBe("3.1.0");
    expect(document.security).toEqual([{ apiKey: [] }]);
    expect(Object.keys(document.paths)).toContain("/api/operator/v1/runtimes/{pod_name}");
    const operation = document.paths[RUNTIMES]!["post"]!;
    expect(JSON.stringify(operation["requestBody"])).toContain('"maximum":1000000');
    expect(Object.keys(operation["responses"] as object)).toEqual([
      "200",
      "400",
      "401",
      "409",
      "413",
      "415",
      "422",
      "500",
      "503",
      "default",
    ]);
    expect(document.components.responses["Conflict"]).toMatchObject({
      content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
    });
    expect(Object.keys(document.components.schemas)).toEqual(["Problem"]);
    expect(document.paths["/api/operator/version"]!["get"]!["security"]).toEqual([]);
  });
});

interface Refusal {
  what: string;
  send: () => ReturnType<typeof request>;
  status: number;
  says: Record<string, unknown>;
}

const refusals: Refusal[] = [
  {
    what: "JSON that does not parse",
    send: () => post('{"environment_name": canary}'),
    status: 400,
    says: { detail: "The body is not usable JSON: it does not parse." },
  },
  {
    what: "an empty body",
    send: () => post(""),
    status: 400,
    says: { detail: "The body is not usable JSON: it is empty." },
  },
  {
    what: "a body that is not UTF-8",
    send: () => post(Buffer.from([0x22, 0xff, 0x22])),
    status: 400,
    says: { detail: "The body is not UTF-8." },
  },
  {
    what: "a key given twice",
    send: () => post('{"environment_name":"a","environment_name":"b"}'),
    status: 400,
    says: { detail: "The body names a key twice." },
  },
  {
    what: "a key given twice, once escaped",
    send: () => post('{"environment_name":"a","environment\\u005fname":"b"}'),
    status: 400,
    says: { detail: "The body names a key twice." },
  },
  {
    what: "__proto__",
    send: () => post('{"__proto__":{"admin":true}}'),
    status: 400,
    says: { detail: "The body is not usable JSON: it names __proto__ or constructor.prototype." },
  },
  {
    what: "constructor.prototype",
    send: () => post('{"environment_name":"e","constructor":{"prototype":{"a":1}}}'),
    status: 400,
    says: { detail: "The body is not usable JSON: it names __proto__ or constructor.prototype." },
  },
  {
    what: "a field of the wrong type",
    send: () => post('{"environment_name":"e","credits_limit":"10"}'),
    status: 400,
    says: {
      errors: [
        {
          path: "/credits_limit",
          in: "body",
          message: "Invalid input: expected number, received string",
          expected: "number",
        },
      ],
    },
  },
  {
    what: "a body that is a list",
    send: () => post("[]"),
    status: 400,
    says: { errors: [expect.objectContaining({ path: "", expected: "object" })] },
  },
  {
    what: "a missing field",
    send: () => post("{}"),
    status: 422,
    says: {
      detail: "/environment_name: is required",
      errors: [{ path: "/environment_name", in: "body", message: "is required", expected: "string" }],
    },
  },
  {
    what: "a value below its limit",
    send: () => post('{"environment_name":"e","credits_limit":-1}'),
    status: 422,
    says: { errors: [expect.objectContaining({ path: "/credits_limit", expected: ">= 0" })] },
  },
  {
    what: "a value above its limit",
    send: () => post('{"environment_name":"e","credits_limit":1e9}'),
    status: 422,
    says: { errors: [expect.objectContaining({ path: "/credits_limit", expected: "<= 1000000" })] },
  },
  {
    what: "a number no computer holds",
    send: () => post('{"environment_name":"e","credits_limit":1e999}'),
    status: 422,
    says: { detail: "/credits_limit: Invalid input: expected number, received Infinity" },
  },
  {
    what: "a fraction where an integer belongs",
    send: () => post('{"environment_name":"e","credits_limit":0.5}'),
    status: 422,
    says: { errors: [expect.objectContaining({ path: "/credits_limit", expected: "int" })] },
  },
  {
    what: "a word outside the list",
    send: () => post('{"environment_name":"e","type":"desktop"}'),
    status: 422,
    says: { errors: [expect.objectContaining({ path: "/type", expected: "one of notebook, cell" })] },
  },
  {
    what: "a missing field whose name needs escaping",
    send: () => post('{"environment_name":"e","nested":{}}'),
    status: 422,
    says: { errors: [expect.objectContaining({ path: "/nested/a~1b" })] },
  },
  {
    what: "a query out of its limits",
    send: () => request({ url: `${RUNTIMES}?limit=501` }),
    status: 422,
    says: { errors: [expect.objectContaining({ path: "/limit", in: "query" })] },
  },
  {
    what: "another media type",
    send: () => post(VALID, { "content-type": "text/plain" }),
    status: 415,
    says: { title: "Unsupported Media Type", detail: "Send the body as application/json." },
  },
  {
    what: "a form",
    send: () => post("a=1", { "content-type": "application/x-www-form-urlencoded" }),
    status: 415,
    says: { detail: "Send the body as application/json." },
  },
  {
    what: "another charset",
    send: () => post(VALID, { "content-type": "application/json; charset=utf-16" }),
    status: 415,
    says: { detail: "Send the body as JSON in UTF-8." },
  },
  {
    what: "a compressed body",
    send: () => post(VALID, { "content-encoding": "gzip" }),
    status: 415,
    says: { detail: "Send the body without Content-Encoding." },
  },
  {
    what: "a body over 1 MiB",
    send: () => post(`"${"x".repeat(1024 * 1024)}"`),
    status: 413,
    says: { detail: expect.stringContaining("1 MiB at most") },
  },
  {
    what: "an unknown path",
    send: () => request({ url: "/api/operator/v2" }),
    status: 404,
    says: { detail: "There is nothing at /api/operator/v2." },
  },
  {
    what: "a method the path does not have",
    send: () => request({ method: "PUT", url: RUNTIMES }),
    status: 405,
    says: { detail: "PUT is not possible here; GET, HEAD, POST would be." },
  },
  {
    what: "TRACE",
    send: () => request({ method: "TRACE", url: RUNTIMES }),
    status: 405,
    says: { detail: "TRACE is not possible here; GET, HEAD, POST would be." },
  },
  {
    what: "an encoded slash",
    send: () => request({ url: `${RUNTIMES}/..%2fpools` }),
    status: 400,
    says: { detail: expect.stringContaining("no encoded slashes or control characters") },
  },
  {
    what: "an encoded line break",
    send: () => request({ url: `${RUNTIMES}/a%0d%0aforged` }),
    status: 400,
    says: { detail: expect.stringContaining("no encoded slashes or control characters") },
  },
  {
    what: "an encoded NUL",
    send: () => request({ url: `${RUNTIMES}/a%00` }),
    status: 400,
    says: { detail: expect.stringContaining("no encoded slashes or control characters") },
  },
  {
    what: "a path that does not decode",
    send: () => request({ url: `${RUNTIMES}/%zz` }),
    status: 400,
    says: { detail: "Send a path whose percent-encoding can be read." },
  },
  {
    what: "a name longer than any",
    send: () => request({ url: `${RUNTIMES}/${"x".repeat(300)}` }),
    status: 414,
    says: { detail: "Send no more than 253 characters in one part of the path." },
  },
  {
    what: "an empty pool",
    send: () => request({ url: "/api/operator/v1/empty-pool" }),
    status: 503,
    says: { reason: "pool_empty", retry_after_seconds: 1.5, message: "No runtime is free." },
  },
  {
    what: "a bug of ours",
    send: () => request({ url: "/api/operator/v1/bug" }),
    status: 500,
    says: { detail: expect.stringContaining("the log has the reason under this request id") },
  },
  {
    what: "an answer of ours that breaks its schema",
    send: () => request({ url: "/api/operator/v1/wrong-answer" }),
    status: 500,
    says: { detail: expect.stringContaining("the log has the reason under this request id") },
  },
];

describe("a refusal", () => {
  it.each(refusals)("of $what is a problem with status $status", async ({ send, status, says }) => {
    const { reply, body, text } = await send();
    expect(reply.statusCode).toBe(status);
    expect(reply.headers["content-type"]).toBe("application/problem+json; charset=utf-8");
    expect(body).toMatchObject({
      status,
      success: false,
      request_id: reply.headers["x-request-id"],
      ...says,
    });
    expect(body["type"]).toMatch(/^https:\/\/\S+#[a-z-]+$/);
    expect(body["message"]).toBe(body["detail"]);
    expect(text).not.toMatch(/canary|node_modules|secret plan|\.ts:/);
  });

  it("says when to come back", async () => {
    const { reply } = await request({ url: "/api/operator/v1/empty-pool" });
    expect(reply.headers["retry-after"]).toBe("2");
  });

  it("lists the methods a path has", async () => {
    const { reply } = await request({ method: "PATCH", url: `${RUNTIMES}/runtime-1` });
    expect(reply.headers["allow"]).toBe("DELETE, GET, HEAD");
  });

  it("does not follow a method override", async () => {
    const headers = { "x-http-method-override": "DELETE" };
    const { reply } = await request({ method: "POST", url: `${RUNTIMES}/runtime-1`, headers });
    expect(reply.statusCode).toBe(405);
  });

  it("stops listing errors at twenty", async () => {
    const app = await testApp();
    const { z } = await import("zod");
    const wide = z.object(Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`f${i}`, z.string()])));
    app.app.post("/wide", { schema: { body: wide } }, () => ({}));
    const reply = await app.app.inject({
      method: "POST",
      url: "/wide",
      payload: {},
      headers: { "x-api-key": KEY },
    });
    expect(reply.json<{ errors: unknown[] }>().errors).toHaveLength(20);
  });

  it("of a bug is logged with its stack, causes and request id", async () => {
    const { reply } = await request({ url: "/api/operator/v1/bug" });
    const lines = (await test.logged()).split("\n").filter((line) => line.includes("secret plan"));
    const entry = JSON.parse(lines.at(-1)!) as Record<string, unknown>;
    expect(entry).toMatchObject({
      level: "error",
      request_id: reply.headers["x-request-id"],
      route: "/api/operator/v1/bug",
      error: { cause: { message: "inner" } },
    });
  });
});

describe("any JSON text", () => {
  it("is not taken for one with a key given twice", async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue({ maxDepth: 4 }), fc.nat(3), async (value, indent) => {
        const { body } = await post(JSON.stringify({ environment_name: "e", value }, null, indent));
        expect(body["detail"]).not.toBe("The body names a key twice.");
      }),
      { numRuns: 300 },
    );
  });

  it("is taken for one as soon as a key is given twice, however deep", async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue({ maxDepth: 3 }), fc.string(), async (value, key) => {
        const twice = `{${JSON.stringify(key)}: 1, "other": ${JSON.stringify(value)}, ${JSON.stringify(key)} : 2}`;
        const { reply } = await post(`{"environment_name":"e","deep":[[${twice}]]}`);
        expect(reply.statusCode).toBe(400);
      }),
      { numRuns: 300 },
    );
  });
});

describe("deep and wide bodies", () => {
  it.each([
    [
      "half a million nested lists",
      `{"environment_name":"e","x":${"[".repeat(500_000)}${"]".repeat(500_000)}}`,
    ],
    ["one string of a megabyte", `{"environment_name":"e","x":"${"\\n".repeat(500_000)}"}`],
    ["a hundred thousand keys", `{"environment_name":"e","x":{${keys(70_000)}}}`],
  ])("such as %s are read or refused, and do no harm", async (_what, payload) => {
    const { reply } = await post(payload);
    expect([200, 400]).toContain(reply.statusCode);
    expect((await post(VALID)).reply.statusCode).toBe(200);
  });

  function keys(count: number): string {
    return Array.from({ length: count }, (_, index) => `"k${index}":1`).join();
  }
});

describe("an API key", () => {
  const wrong: [string, InjectOptions][] = [
    ["missing", {}],
    ["empty", { headers: { "x-api-key": "" } }],
    ["wrong", { headers: { "x-api-key": "x".repeat(KEY.length) } }],
    ["a prefix of the right one", { headers: { "x-api-key": KEY.slice(0, -1) } }],
    ["doubled", { headers: { "x-api-key": [KEY, KEY] } }],
    ["both keys in one header", { headers: { "x-api-key": `${KEY}, ${PREVIOUS_KEY}` } }],
    ["in the query", { query: { "x-api-key": KEY, api_key: KEY } }],
    ["in another header", { headers: { authorization: `Bearer ${KEY}` } }],
  ];

  it.each(wrong)("that is %s gives the same 401 as any other", async (_what, options) => {
    const reply = await test.app.inject({ url: RUNTIMES, ...options });
    const body = reply.json<Record<string, unknown>>();
    delete body["request_id"];
    expect(reply.statusCode).toBe(401);
    expect(reply.headers["www-authenticate"]).toBe('ApiKey realm="datalayer-operator"');
    expect(body).toEqual({
      type: expect.stringMatching(/#unauthorized$/) as unknown,
      title: "Unauthorized",
      status: 401,
      detail: "Send a valid key in the X-API-Key header.",
      success: false,
      message: "Send a valid key in the X-API-Key header.",
    });
  });

  it.each([
    ["an unknown path", "GET", "/api/operator/v1/nothing"],
    ["a wrong method", "PUT", RUNTIMES],
    ["a body that does not parse", "POST", RUNTIMES],
  ] as const)("is asked for before anything is said about %s", async (_what, method, url) => {
    const headers = { "content-type": "application/json" };
    const reply = await test.app.inject({ method, url, headers, payload: "{" });
    expect(reply.statusCode).toBe(401);
    expect(reply.headers["connection"]).toBe("close");
  });

  it.each([KEY, PREVIOUS_KEY])("of either side of a rotation is accepted", async (key) => {
    const reply = await test.app.inject({ url: RUNTIMES, headers: { "x-api-key": key } });
    expect(reply.statusCode).toBe(200);
  });

  it("is read anew for each request", async () => {
    let keys = ["first-key"];
    const { app } = await testApp({ apiKeys: () => keys });
    const status = async (key: string) =>
      (await app.inject({ url: RUNTIMES, headers: { "x-api-key": key } })).statusCode;
    expect(await status("first-key")).toBe(200);
    keys = ["second-key"];
    expect([await status("first-key"), await status("second-key")]).toEqual([401, 200]);
  });

  it("never reaches the log", async () => {
    for (const [, options] of wrong) await test.app.inject({ url: RUNTIMES, ...options });
    await request({ url: "/api/operator/v1/bug", query: { token: KEY } });
    const logged = await test.logged();
    expect(logged).toContain("Answered");
    expect(logged).not.toContain("canary");
  });
});
