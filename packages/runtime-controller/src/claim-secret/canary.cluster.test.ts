import { PassThrough } from "node:stream";
import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { answer, type ProxiedRequest } from "@datalayer/devcluster/testkit/fault-proxy";
import { createLogger } from "@datalayer/shared/log/logger";
import { beforeAll, expect, it } from "vitest";
import { type Harness, startHarness, type TestReplica } from "../../test/harness.ts";
import type { ClaimBody } from "../../test/test-replica.ts";

let harness: Harness;
let replica: TestReplica;
let logged = "";

const canary = "canary-6f1d3a52b8";
const encoded = Buffer.from(canary).toString("base64").replace(/=+$/, "").slice(0, -1);

beforeAll(async () => {
  harness = await startHarness();
  const destination = new PassThrough();
  destination.on("data", (chunk: Buffer) => (logged += chunk.toString()));
  const log = createLogger({ name: "test", level: "debug", format: "json", destination });
  replica = await harness.startReplica("canary", { log });
});

/** Every object of the namespace that is not a Secret, as text. */
async function objects(): Promise<string> {
  const { namespace, admin } = harness;
  const core = ["pods", "events", "configmaps", "persistentvolumeclaims", "services", "serviceaccounts"];
  const datalayer = ["runtime-pools", "runtime-environments", "runtime-contents"];
  const paths = [
    ...core.map((plural) => `/api/v1/namespaces/${namespace}/${plural}`),
    ...datalayer.map((plural) => `/apis/datalayer.io/v1/namespaces/${namespace}/${plural}`),
    `/apis/events.k8s.io/v1/namespaces/${namespace}/events`,
    `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`,
  ];
  const lists = await Promise.all(paths.map((path) => admin.raw({ method: "GET", path })));
  return JSON.stringify(lists);
}

async function secretsText(): Promise<string> {
  const path = `/api/v1/namespaces/${harness.namespace}/secrets`;
  return JSON.stringify(await harness.admin.raw({ method: "GET", path }));
}

it("what a claim brings is in its Secret and nowhere else, whatever goes wrong", async () => {
  await harness.warmPool({ name: "canary", size: 2 });
  const body = {
    pool_name: "canary",
    secrets: [{ name: "API_KEY", value: canary }],
    env_vars: [{ name: "OTHER", value: `${canary}-2` }],
  };
  const answers: unknown[] = [];
  const ask = async (claim: ClaimBody, key?: string): Promise<number> => {
    const given = await replica.claim(claim, key);
    answers.push(given);
    return given.status;
  };
  await eventually(async () => (await ask(body, "canary-key")) === 201, { message: "a claim" });
  expect(await ask(body, "canary-key")).toBe(201);
  expect(await ask({ ...body, type: "cell" }, "canary-key")).toBe(422);
  expect(await ask({ ...body, secrets: [{ name: "API_KEY", value: `${canary}\0` }] })).toBe(422);
  expect(await ask({ ...body, secrets: { API_KEY: canary } })).toBe(400);
  // A webhook that quotes what it refuses, and a server that fails.
  const where = ({ body: text = "" }: ProxiedRequest): boolean => text.includes('-claim"');
  const rule = { client: "canary", verb: "create", resource: "secrets", where } as const;
  harness.proxy.inject({ ...rule, times: 1, act: answer(400, { message: `${canary} is refused` }) });
  await eventually(async () => (await ask(body)) === 502, { message: "a refused claim" });
  harness.proxy.inject({ ...rule, act: answer(500, { message: `${canary} made me fail` }) });
  await eventually(async () => (await ask(body)) === 503, { timeoutMs: 20_000, message: "a failed claim" });
  answers.push(await replica.ask("GET", "/runtimes"), await replica.ask("GET", "/pools"));
  const metrics = await replica.metrics.registry.metrics();
  const seen = [JSON.stringify(answers), metrics, logged, await objects()];
  expect(logged).not.toBe("");
  expect(seen.map((text) => text.includes(canary) || text.includes(encoded))).toEqual(seen.map(() => false));
  // And it can be found where it is.
  expect((await secretsText()).includes(encoded)).toBe(true);
});
