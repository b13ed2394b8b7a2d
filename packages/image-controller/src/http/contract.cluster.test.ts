import { readFile } from "node:fs/promises";
import { imageReason } from "@datalayer/shared/crds/image";
import { type ApiDocument, operationsOf } from "@datalayer/shared/http/testkit/contract";
import { ContractTests, expectNamed } from "@datalayer/shared/http/testkit/contract-tests";
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
const contract = new ContractTests(() => test.api, apiKey);

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
  expectNamed(operations);
  expect(operations.length).toBeGreaterThan(6);
});

describe.each(operations.map((operation) => [operation.name, operation] as const))("%s", (_, operation) => {
  const id = operation.description.operationId;

  if (id === signed) {
    it("refuses a call without signature, whether or not there is such an Image", async () => {
      for (const request of [operation.request(), operation.request(values())])
        expect((await contract.answerTo(operation, request)).status).toBe(401);
    });
    return;
  }

  it("answers as the document says", async () => {
    const { status, body } = await contract.answerTo(operation, operation.request(values()));
    expect({ status, body }).toEqual(successes[id] ?? shown);
  });

  if (!operation.isPublic) contract.refusesStrangers(operation);
  if (operation.namesSomething) contract.knowsNothingOfWhatIsAbsent(operation);
  contract.refusesWrongRequests(operation);
});
