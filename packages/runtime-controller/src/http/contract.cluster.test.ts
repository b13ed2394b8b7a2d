import { readFile } from "node:fs/promises";
import { beforeAll, describe, expect, it } from "vitest";
import {
  type ApiDocument,
  type ApiRequest,
  type Operation,
  operationsOf,
} from "@datalayer/shared/http/testkit/contract";
import { apiKey, startHarness, type TestReplica } from "../../test/harness.ts";

const documentUrl = new URL("../../../../docs/openapi/runtime-controller.json", import.meta.url);
const documentJson = JSON.parse(await readFile(documentUrl, "utf8")) as ApiDocument & { info: object };
const operations = operationsOf(documentJson);
const guarded = operations.filter(({ isPublic }) => !isPublic);

/** The operator knows no list of users: whoever is named has a quota. */
const everyOneExists = ["GET /api/operator/v1/users/{user_uid}/quota"];

let replica: TestReplica;

beforeAll(async () => {
  const cluster = await startHarness();
  replica = await cluster.startReplica("contract");
});

/** Sends a request, with the key unless told otherwise, and holds the answer against the document. */
async function answerTo(operation: Operation, request: ApiRequest, key: string | undefined = apiKey) {
  const { method, url, headers, payload } = request;
  const answer = await replica.replica.api.inject({
    method,
    url,
    headers: {
      ...(key !== "" && { "x-api-key": key }),
      ...(payload !== undefined && { "content-type": "application/json" }),
      ...headers,
    },
    ...(payload !== undefined && { payload: JSON.stringify(payload) }),
  });
  const status = answer.statusCode;
  const body = answer.json<Record<string, unknown>>();
  expect(operation.complaintAbout(status, body)).toBeUndefined();
  const mediaType = status < 400 ? "application/json" : "application/problem+json";
  expect(answer.headers["content-type"]).toBe(`${mediaType}; charset=utf-8`);
  expect(answer.headers["x-request-id"]).toMatch(/^[\w.-]+$/);
  return { status, body, headers: answer.headers };
}

describe("the published document", () => {
  it("is the one that is served", async () => {
    const { openapi, info, ...served } = (
      await replica.replica.api.inject({ url: "/api/operator/openapi.json" })
    ).json<ApiDocument & { info: object }>();
    expect(openapi).toBe("3.1.0");
    const { info: publishedInfo, ...published } = documentJson;
    expect({ openapi, ...served }).toEqual(published);
    expect(Object.keys(info)).toEqual(Object.keys(publishedInfo));
  });

  it("names every operation once, and says what it does", () => {
    const ids = operations.map(({ description }) => description.operationId);
    expect(new Set(ids).size).toBe(operations.length);
    for (const { description } of operations) expect(description.summary).toMatch(/^[A-Z].*[a-z]$/);
  });
});

describe.each(operations.map((operation) => [operation.name, operation] as const))("%s", (_, operation) => {
  if (operation.isPublic) {
    it("needs no key", async () => {
      expect((await answerTo(operation, operation.request(), "")).status).toBe(200);
    });
  } else {
    it.each([
      ["no key", ""],
      ["a wrong key", `${apiKey}0`],
    ])("refuses %s", async (_what, key) => {
      expect((await answerTo(operation, operation.request(), key)).status).toBe(401);
    });
  }

  if (operation.namesSomething && !everyOneExists.includes(operation.name)) {
    it("knows nothing of what does not exist", async () => {
      expect((await answerTo(operation, operation.request())).status).toBe(404);
    });
  } else if (operation.method === "GET") {
    it("answers as the document says", async () => {
      const { status, body } = await answerTo(operation, operation.request());
      expect(status).toBe(200);
      expect(body).toMatchObject({ success: true });
    });
  }

  if (operation.takesBody) describeBody(operation);

  const wrong = operation.wrongRequests();
  if (wrong.length > 0) {
    it.each(wrong.map((each) => [`${each.in} ${each.path}`, each.what, each] as const))(
      "says what is wrong with %s: %s",
      async (_place, _what, { request, path, in: place }) => {
        const { status, body } = await answerTo(operation, request);
        expect([400, 422]).toContain(status);
        expect(body["errors"]).toContainEqual(expect.objectContaining({ path, in: place }));
        expect(body["detail"]).toContain(path);
      },
    );
  }
});

function describeBody(operation: Operation): void {
  it("ignores a field of a later version", async () => {
    const { status } = await answerTo(operation, operation.request());
    expect((await answerTo(operation, operation.requestWithUnknownField())).status).toBe(status);
  });

  it.each([
    ["no body", "application/json", undefined, 400],
    ["a body that is text", "application/json", '"text"', 400],
    ["a form", "application/x-www-form-urlencoded", "a=1", 415],
  ])("refuses %s", async (_what, type, payload, status) => {
    const { headers, url, method } = operation.request();
    const sent = { "x-api-key": apiKey, "content-type": type, ...headers };
    const answer = await replica.replica.api.inject({ method, url, headers: sent, payload });
    expect(answer.statusCode).toBe(status);
    expect(operation.complaintAbout(status, answer.json())).toBeUndefined();
  });
}

it("covers operations with and without a body", () => {
  expect(guarded.length).toBeGreaterThan(8);
  expect(operations.flatMap((operation) => operation.wrongRequests()).length).toBeGreaterThan(50);
});
