import { readFile } from "node:fs/promises";
import { imageReason } from "@datalayer/shared/crds/image";
import {
  type ApiDocument,
  type ApiRequest,
  type Operation,
  operationsOf,
} from "@datalayer/shared/http/testkit/contract";
import { ConfigMap, Job } from "@datalayer/shared/kube/kinds";
import { beforeAll, describe, expect, it } from "vitest";
import { digest, hash } from "../../test/builders.ts";
import { attemptJob } from "../../test/jobs.ts";
import { apiKey, reportImage, startApi, type TestApi } from "../../test/test-api.ts";
import { recordOf } from "../logs/record.ts";

const documentUrl = new URL("../../../../docs/openapi/image-controller.json", import.meta.url);
const document = JSON.parse(await readFile(documentUrl, "utf8")) as ApiDocument;
const operations = operationsOf(document);

const job = `contract-${hash.slice(0, 10)}-1`;
const at = "2026-01-01T00:00:00Z";
const log = "step 1\nstep 2\n";

let test: TestApi;

beforeAll(async () => {
  test = await startApi();
  await createWhole();
});

/** An Image of which everything is known that the API can show, with a build that is under way and its log. */
async function createWhole(): Promise<void> {
  const image = await test.create("contract");
  const { namespace, admin } = test;
  const reason = imageReason.building;
  const condition = { type: "Ready", status: "False" as const, reason, message: "It is being built." };
  const ended = { job, inputsHash: hash, reason: imageReason.buildFailed, startedAt: at, finishedAt: at };
  const status = {
    phase: "Building" as const,
    inputsHash: hash,
    image: `r.example/contract@${digest("a")}`,
    tags: ["latest"],
    sizeBytes: 1,
    source: { revision: "c".repeat(40), observedAt: at },
    baseImages: [{ reference: "r.example/base:1", digest: digest("b") }],
    build: { ...ended, attempt: 1, trigger: "Spec" as const, queuedAt: at, message: "m", logTail: "l" },
    history: [ended],
    published: [
      {
        repository: "r.example/contract",
        inputsHash: hash,
        digest: digest("a"),
        tags: ["latest"],
        publishedAt: at,
      },
    ],
    nextAttemptAt: at,
    nextPollAt: at,
    conditions: [{ ...condition, lastTransitionTime: at, observedGeneration: 1 }],
  };
  await test.seen(await reportImage(admin, image, status));
  const created = await admin.create(Job, attemptJob(image, job));
  await admin.create(ConfigMap, recordOf({ image, name: job }, { job: created, log, endedAt: at }));
  expect(created.metadata.namespace).toBe(namespace);
}

/** Sends a request, with the key unless told otherwise, and holds the answer against the document. */
async function answerTo(operation: Operation, { method, url, headers, payload }: ApiRequest, key = apiKey) {
  const answer = await test.api.inject({
    method,
    url,
    headers: { ...(key !== "" && { "x-api-key": key }), ...headers },
    ...(payload !== undefined && { payload: JSON.stringify(payload) }),
  });
  const { statusCode: status } = answer;
  const type = String(answer.headers["content-type"]);
  const body: unknown = type.includes("json") ? answer.json() : answer.payload;
  expect(operation.complaintAbout(status, body)).toBeUndefined();
  if (status >= 400) expect(type).toBe("application/problem+json; charset=utf-8");
  expect(answer.headers["x-request-id"]).toMatch(/^[\w.-]+$/);
  return { status, type, body };
}

/** Of the whole Image. */
const values = () => ({ namespace: test.namespace, name: "contract" });

/** Every success has this form, but the log, which is text. */
const successes: Record<string, { status: number; body: unknown }> = {
  getVersion: { status: 200, body: expect.objectContaining({}) as unknown },
  getBuildLog: { status: 200, body: log },
  buildImage: { status: 202, body: expect.objectContaining({ success: true }) as unknown },
  cancelBuild: { status: 202, body: expect.objectContaining({ success: true }) as unknown },
};
const shown = { status: 200, body: expect.objectContaining({ success: true }) as unknown };
/** It goes by a signature in place of the key. */
const signed = "gitWebhook";

it("names every operation once, and says what it does", () => {
  const ids = operations.map(({ description }) => description.operationId);
  expect(new Set(ids).size).toBe(operations.length);
  expect(operations.length).toBeGreaterThan(6);
  for (const { description } of operations) expect(description.summary).toMatch(/^[A-Z].*[a-z]$/);
});

describe.each(operations.map((operation) => [operation.name, operation] as const))("%s", (_, operation) => {
  const id = operation.description.operationId;

  if (id === signed) {
    it("refuses a call without signature, whether or not there is such an Image", async () => {
      for (const request of [operation.request(), operation.request(values())])
        expect((await answerTo(operation, request)).status).toBe(401);
    });
    return;
  }

  it("answers as the document says", async () => {
    const { status, body } = await answerTo(operation, operation.request(values()));
    expect({ status, body }).toEqual(successes[id] ?? shown);
  });

  if (!operation.isPublic) {
    it.each([
      ["no key", ""],
      ["a wrong key", `${apiKey}0`],
    ])("refuses %s", async (_what, key) => {
      expect((await answerTo(operation, operation.request(values()), key)).status).toBe(401);
    });
  }

  if (operation.namesSomething) {
    it("knows nothing of what does not exist", async () => {
      expect((await answerTo(operation, operation.request())).status).toBe(404);
    });
  }

  const wrong = operation.wrongRequests();
  if (wrong.length > 0) {
    it.each(wrong.map((each) => [`${each.in} ${each.path}`, each.what, each] as const))(
      "says what is wrong with %s: %s",
      async (_place, _what, { request, path, in: place }) => {
        const { status, body } = await answerTo(operation, request);
        expect([400, 422]).toContain(status);
        const { errors } = body as { errors: unknown };
        expect(errors).toContainEqual(expect.objectContaining({ path, in: place }));
      },
    );
  }
});
