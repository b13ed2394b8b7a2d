import { beforeAll, describe, expect, it } from "vitest";
import { apiKey, startHarness, type TestReplica } from "../../test/harness.ts";

let replica: TestReplica;

beforeAll(async () => {
  replica = await (await startHarness()).startReplica("hostile");
});

interface Attempt {
  what: string;
  method?: "POST" | "TRACE";
  path: string;
  body?: string;
  headers?: Record<string, string | string[]>;
  status: number;
  says: RegExp;
}

const claim = '"environment_name":"python-env","user_uid":"me"';

const attempts: Attempt[] = [
  { what: "a forged cursor", path: "/runtimes?continue=Zm9v.Zm9v", status: 400, says: /^\/continue: / },
  { what: "a list without bound", path: "/runtimes?limit=1000000000", status: 422, says: /^\/limit: / },
  { what: "a limit below one", path: "/pools?limit=-1", status: 422, says: /^\/limit: / },
  { what: "a way out of its path", path: "/runtimes/..%2fpools", status: 400, says: /plain absolute path/ },
  {
    what: "a line break in a name",
    path: "/runtimes/a%0d%0aforged",
    status: 400,
    says: /plain absolute path/,
  },
  { what: "TRACE", method: "TRACE", path: "/runtimes", status: 405, says: /TRACE is not possible/ },
  {
    what: "an override of the method",
    method: "POST",
    path: "/runtimes/runtime-x",
    body: "{}",
    headers: { "x-http-method-override": "DELETE" },
    status: 405,
    says: /POST is not possible/,
  },
  {
    what: "a key given twice",
    path: "/runtimes",
    body: `{${claim},"user_uid":"other"}`,
    status: 400,
    says: /names a key twice/,
  },
  { what: "__proto__", path: "/runtimes", body: `{${claim},"__proto__":{}}`, status: 400, says: /__proto__/ },
  {
    what: "credits below zero",
    path: "/runtimes",
    body: `{${claim},"credits_limit":-1}`,
    status: 422,
    says: /^\/credits_limit: /,
  },
  {
    what: "more credits than there are",
    path: "/runtimes",
    body: `{${claim},"credits_limit":1e999}`,
    status: 422,
    says: /^\/credits_limit: /,
  },
  {
    what: "a line break in the user",
    path: "/runtimes",
    body: '{"environment_name":"python-env","user_uid":"me\\r\\nforged"}',
    status: 422,
    says: /^\/user_uid: /,
  },
  {
    what: "a snapshot at the address of cloud metadata",
    path: "/runtimes",
    body: `{${claim},"from":"http://169.254.169.254/latest"}`,
    status: 501,
    says: /from is not supported/,
  },
  {
    what: "two accounts at once",
    path: "/volumes",
    headers: { "x-forwarded-user": ["me", "other"] },
    status: 422,
    says: /^\/x-forwarded-user: /,
  },
  {
    what: "an endless Idempotency-Key",
    path: "/runtimes",
    body: `{${claim}}`,
    headers: { "idempotency-key": "k".repeat(256) },
    status: 422,
    says: /^\/idempotency-key: /,
  },
  {
    what: "a compressed body",
    path: "/runtimes",
    body: `{${claim}}`,
    headers: { "content-encoding": "gzip" },
    status: 415,
    says: /without Content-Encoding/,
  },
  {
    what: "another charset",
    path: "/runtimes",
    body: `{${claim}}`,
    headers: { "content-type": "application/json; charset=utf-7" },
    status: 415,
    says: /UTF-8/,
  },
];

describe("hostile input to the REST API", () => {
  it.each(attempts)("is refused: $what", async ({ method, path, body, headers, status, says }) => {
    const answer = await replica.replica.api.inject({
      method: method ?? (body === undefined ? "GET" : "POST"),
      url: `/api/operator/v1${path}`,
      headers: {
        "x-api-key": apiKey,
        ...(body !== undefined && { "content-type": "application/json" }),
        ...headers,
      },
      payload: body,
    });
    expect(answer.statusCode).toBe(status);
    const problem = answer.json<{ detail: string; status: number }>();
    expect(problem.status).toBe(status);
    expect(problem.detail).toMatch(says);
    expect(answer.body).not.toMatch(/node_modules|\.ts:\d/);
    expect(answer.body).not.toContain(apiKey);
  });
});
