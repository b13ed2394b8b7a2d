import { readFile } from "node:fs/promises";
import { beforeAll, describe, expect, it } from "vitest";
import { type ApiDocument, type Operation, operationsOf } from "@datalayer/shared/http/testkit/contract";
import { type Answer, ContractTests, expectNamed } from "@datalayer/shared/http/testkit/contract-tests";
import { RuntimeContent } from "@datalayer/shared/crds/runtime-content";
import { contentManifest } from "../../test/builders.ts";
import { apiKey, type Harness, startHarness, type TestReplica } from "../../test/harness.ts";
import type { AnswerBody } from "../../test/test-replica.ts";

const documentUrl = new URL("../../../../docs/openapi/runtime-controller.json", import.meta.url);
const documentJson = JSON.parse(await readFile(documentUrl, "utf8")) as ApiDocument & { info: object };
const operations = operationsOf(documentJson);
const guarded = operations.filter(({ isPublic }) => !isPublic);

/** The operator knows no list of users: whoever is named has a quota. */
const everyOneExists = ["GET /api/operator/v1/users/{user_uid}/quota"];

let cluster: Harness;
let replica: TestReplica;
const contract = new ContractTests(() => replica.replica.api, apiKey);

beforeAll(async () => {
  cluster = await startHarness();
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

describe("an operation that succeeds answers as the document says", () => {
  const uid = "01KAQ2V8C4M3YQF3Y1K1W5B7ND";
  const operationOf = (id: string): Operation =>
    operations.find(({ description }) => description.operationId === id)!;
  const succeed = async (id: string, values: Record<string, string>, payload?: unknown): Promise<Answer> => {
    const operation = operationOf(id);
    const request = operation.request(values);
    const answer = await contract.answerTo(operation, {
      ...request,
      ...(payload !== undefined && { payload }),
    });
    expect(answer.body).toMatchObject({ success: true });
    return answer;
  };

  beforeAll(async () => {
    const { admin, namespace } = cluster;
    await admin.create(RuntimeContent, contentManifest(namespace, "documented", { uid }));
    await cluster.warmPool({ name: "documented", size: 1 });
  });

  it("when a runtime is claimed, changed and ended", async () => {
    const claim = { pool_name: "documented", user_uid: "user-1", credits_limit: 10 };
    const { status, body } = await succeed("claimRuntime", { prefer: "wait=30" }, claim);
    expect(status).toBe(201);
    const { pod_name } = (body as AnswerBody).runtime;
    await succeed("getRuntime", { pod_name });
    await succeed("listRuntimes", {});
    await succeed("updateRuntime", { pod_name }, { given_name: "Weather" });
    await succeed("listMounts", { pod_name });
    await succeed("endRuntime", { pod_name });
  });

  it("when one starts for its claim", async () => {
    const claim = { pool_name: "documented", user_uid: "user-1", resources: { memory: "16Mi" } };
    const { status } = await succeed("claimRuntime", {}, claim);
    expect(status).toBe(202);
  });

  it("when an environment gets contents", async () => {
    const contents = [{ uid, mount: "/mnt/data" }];
    await succeed("setEnvironmentContents", { name: "documented" }, { contents });
    const { body } = await succeed("getEnvironment", { name: "documented" });
    const environment = (body as AnswerBody)["environment"] as { uid: string };
    await succeed("listEnvironmentRuntimes", { uid: environment.uid });
  });

  it("when a pool gets another size", async () => {
    await succeed("setPoolSize", { name: "documented" }, { size: 2 });
  });

  it("when a volume is created, shown and removed", async () => {
    const account = { "x-forwarded-user": "account-1" };
    const { status, body } = await succeed("createVolume", account, { name: "Data", size: "1Gi" });
    expect(status).toBe(201);
    const { uid: volume } = (body as AnswerBody)["volume"] as { uid: string };
    const listed = await succeed("listVolumes", account);
    expect((listed.body as AnswerBody)["volumes"]).toMatchObject([{ uid: volume }]);
    await succeed("getVolume", { ...account, uid: volume });
    await succeed("deleteVolume", { ...account, uid: volume });
  });
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
