import { readFile } from "node:fs/promises";
import { beforeAll, describe, expect, it } from "vitest";
import { type ApiDocument, type Operation, operationsOf } from "@datalayer/shared/http/testkit/contract";
import { ContractTests, expectNamed } from "@datalayer/shared/http/testkit/contract-tests";
import { apiKey, startHarness, type TestReplica } from "../../test/harness.ts";

const documentUrl = new URL("../../../../docs/openapi/runtime-controller.json", import.meta.url);
const documentJson = JSON.parse(await readFile(documentUrl, "utf8")) as ApiDocument & { info: object };
const operations = operationsOf(documentJson);
const guarded = operations.filter(({ isPublic }) => !isPublic);

/** The operator knows no list of users: whoever is named has a quota. */
const everyOneExists = ["GET /api/operator/v1/users/{user_uid}/quota"];

let replica: TestReplica;
const contract = new ContractTests(() => replica.replica.api, apiKey);

beforeAll(async () => {
  const cluster = await startHarness();
  replica = await cluster.startReplica("contract");
});

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
    expectNamed(operations);
  });
});

describe.each(operations.map((operation) => [operation.name, operation] as const))("%s", (_, operation) => {
  if (operation.isPublic) {
    it("needs no key", async () => {
      expect((await contract.answerTo(operation, operation.request(), "")).status).toBe(200);
    });
  } else {
    contract.refusesStrangers(operation);
  }

  if (operation.namesSomething && !everyOneExists.includes(operation.name)) {
    contract.knowsNothingOfWhatIsAbsent(operation);
  } else if (operation.method === "GET") {
    it("answers as the document says", async () => {
      const { status, type, body } = await contract.answerTo(operation, operation.request());
      expect({ status, type }).toEqual({ status: 200, type: "application/json; charset=utf-8" });
      expect(body).toMatchObject({ success: true });
    });
  }

  if (operation.takesBody) describeBody(operation);

  contract.refusesWrongRequests(operation);
});

function describeBody(operation: Operation): void {
  it("ignores a field of a later version", async () => {
    const { status } = await contract.answerTo(operation, operation.request());
    expect((await contract.answerTo(operation, operation.requestWithUnknownField())).status).toBe(status);
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
