import { randomBytes } from "node:crypto";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { writeFile } from "node:fs/promises";
import { Pool } from "undici";
import { startFaultProxy, type FaultProxy } from "@datalayer/devcluster/testkit/fault-proxy";
import { testNamespace, useCluster } from "@datalayer/devcluster/testkit/cluster";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ManualClock } from "../clock/manual-clock.ts";
import { LeaderTerm } from "../controller/leader-term.ts";
import { type Credentials, loadAccess } from "./access.ts";
import { ApiError, TransportError } from "./api-error.ts";
import { ConfigMap } from "./kinds.ts";
import type { Manifest, ObjectRef } from "./object.ts";
import { RestClient } from "./rest.ts";

const RUNS = 200;

let proxy: FaultProxy;
let client: RestClient;
let namespace: string;
let ref: ObjectRef;

beforeAll(async () => {
  const { kubeconfigPath } = await useCluster();
  proxy = await startFaultProxy({ kubeconfigPath });
  const { kubeconfigPath: proxied } = await proxy.client("rest");
  client = new RestClient({
    access: loadAccess({ kubeconfigPath: proxied }),
    userAgent: "rest-test",
    fieldManager: "rest-test",
  });
  namespace = await testNamespace();
});

beforeEach(() => {
  proxy.clearFaults();
  proxy.log.clear();
  ref = { namespace, name: `c-${randomBytes(4).toString("hex")}` };
});

afterAll(async () => {
  await client.close();
  await proxy.close();
});

function manifest(data: Record<string, string> = { a: "1" }): Manifest<ConfigMap> {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { ...ref }, data };
}

async function failureOf(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => expect.fail("the call succeeded"),
    (error: unknown) => error,
  );
}

async function apiErrorOf(call: Promise<unknown>): Promise<ApiError> {
  const error = await failureOf(call);
  if (error instanceof ApiError) return error;
  throw error;
}

async function transportErrorOf(call: Promise<unknown>): Promise<TransportError> {
  const error = await failureOf(call);
  if (error instanceof TransportError) return error;
  throw error;
}

describe("the verbs", () => {
  it("create, read, patch, apply, list and delete one object", async () => {
    const created = await client.create(ConfigMap, manifest());
    expect(created.data).toEqual({ a: "1" });
    await client.patch(ConfigMap, ref, [{ op: "replace", path: "/data/a", value: "2" }]);
    await client.apply(ConfigMap, manifest({ b: "3" }));
    const read = await client.get(ConfigMap, ref);
    expect(read.data).toEqual({ a: "2", b: "3" });
    expect(JSON.stringify(read)).not.toContain("managedFields");
    const { items, resourceVersion } = await client.list(ConfigMap, {
      namespace,
      fieldSelector: `metadata.name=${ref.name}`,
    });
    expect(items).toEqual([read]);
    expect(items[0]).toMatchObject({ apiVersion: "v1", kind: "ConfigMap" });
    expect(Number(resourceVersion)).toBeGreaterThanOrEqual(Number(read.metadata.resourceVersion));
    await client.delete(ConfigMap, ref, { uid: read.metadata.uid });
    expect((await apiErrorOf(client.get(ConfigMap, ref))).isNotFound).toBe(true);
  });

  it("name the call, the object and the server's words when they are refused", async () => {
    const error = await apiErrorOf(client.get(ConfigMap, ref));
    expect(error.message).toBe(
      `get ConfigMap ${namespace}/${ref.name}: 404 NotFound: configmaps "${ref.name}" not found`,
    );
    await client.create(ConfigMap, manifest());
    expect((await apiErrorOf(client.create(ConfigMap, manifest()))).isAlreadyExists).toBe(true);
  });

  it("list every object once, page by page, all at one moment", async () => {
    const labels = { page: ref.name };
    const names = Array.from({ length: 25 }, (_, index) => `${ref.name}-${index}`);
    await Promise.all(
      names.map((name) => client.create(ConfigMap, { ...manifest(), metadata: { ...ref, name, labels } })),
    );
    const found: string[] = [];
    const versions = new Set<string>();
    for await (const page of client.pages(ConfigMap, {
      namespace,
      labelSelector: `page=${ref.name}`,
      limit: 10,
    })) {
      expect(page.items.length).toBeLessThanOrEqual(10);
      found.push(...page.items.map((item) => item.metadata.name));
      versions.add(page.resourceVersion);
    }
    expect(found.sort()).toEqual(names.sort());
    expect(versions.size).toBe(1);
  });

  it("reach what has no verb of its own", async () => {
    expect(await client.raw({ method: "GET", path: "/version" })).toMatchObject({ major: "1" });
  });
});

describe("a 422 (V4)", () => {
  it("carries no causes when a test fails, and the field when a value is wrong", async () => {
    await client.create(ConfigMap, manifest());
    const lost = await apiErrorOf(
      client.patch(ConfigMap, ref, [{ op: "test", path: "/data/a", value: "other" }]),
    );
    expect(lost.isInvalid).toBe(true);
    expect(lost.details?.causes).toBeUndefined();
    const wrong = await apiErrorOf(
      client.patch(ConfigMap, ref, [{ op: "add", path: "/metadata/labels", value: { user: "not valid!" } }]),
    );
    expect(wrong.isInvalid).toBe(true);
    expect(wrong.details?.causes?.[0]?.field).toBe("metadata.labels");
  });
});

describe("a deletion (V12)", () => {
  it("spares an object that has taken the name", async () => {
    const first = await client.create(ConfigMap, manifest());
    await client.delete(ConfigMap, ref, { uid: first.metadata.uid });
    const second = await client.create(ConfigMap, manifest());
    expect((await apiErrorOf(client.delete(ConfigMap, ref, { uid: first.metadata.uid }))).isConflict).toBe(
      true,
    );
    expect((await client.get(ConfigMap, ref)).metadata.uid).toBe(second.metadata.uid);
  });

  it("spares an object that has changed", async () => {
    const { metadata } = await client.create(ConfigMap, manifest());
    await client.patch(ConfigMap, ref, [{ op: "replace", path: "/data/a", value: "2" }]);
    const stale = { uid: metadata.uid, resourceVersion: metadata.resourceVersion };
    expect((await apiErrorOf(client.delete(ConfigMap, ref, stale))).isConflict).toBe(true);
    await client.delete(ConfigMap, ref, { uid: metadata.uid });
  });
});

describe("an answer that does not come", () => {
  it("is ambiguous when the connection breaks, and the write is not sent again", async () => {
    await client.create(ConfigMap, manifest());
    proxy.inject({ verb: "patch", name: ref.name, times: 1, act: { kind: "dropAfter" } });
    const error = await transportErrorOf(
      client.patch(ConfigMap, ref, [{ op: "replace", path: "/data/a", value: "2" }]),
    );
    expect(error).toMatchObject({ failure: "disconnected", sent: true });
    expect(error.message).toContain(`patch ConfigMap ${namespace}/${ref.name}`);
    expect(proxy.log.writes({ verb: "patch" })).toHaveLength(1);
    expect((await client.get(ConfigMap, ref)).data).toEqual({ a: "2" });
  });

  it("is ambiguous when it comes half", async () => {
    proxy.inject({ verb: "create", name: ref.name, act: { kind: "resetMidBody" } });
    expect(await transportErrorOf(client.create(ConfigMap, manifest()))).toMatchObject({
      failure: "disconnected",
      sent: true,
    });
    expect(await client.get(ConfigMap, ref)).toBeDefined();
  });

  it("is ambiguous when the deadline passes first", async () => {
    const held = proxy.inject({ verb: "create", name: ref.name, act: { kind: "hold", stage: "request" } });
    const error = await transportErrorOf(client.create(ConfigMap, manifest(), { timeoutMs: 100 }));
    expect(error).toMatchObject({ failure: "timeout", sent: true });
    expect(error.message).toBe(`create ConfigMap ${namespace}/${ref.name}: no answer within 100 ms`);
    held.release();
    await expect.poll(() => proxy.log.commits({ verb: "create", name: ref.name })).toHaveLength(1);
  });

  it("is certain not to have been sent when nobody listens", async () => {
    const gone = await startFaultProxy(await useCluster());
    const { kubeconfigYaml } = await gone.client("gone");
    await gone.close();
    const lost = new RestClient({
      access: loadAccess({ kubeconfigYaml }),
      userAgent: "t",
      fieldManager: "t",
    });
    expect(await transportErrorOf(lost.create(ConfigMap, manifest()))).toMatchObject({
      failure: "unreachable",
      sent: false,
    });
    await lost.close();
  });

  it("is asked for again when reading twice does no harm", async () => {
    const { metadata } = await client.create(ConfigMap, manifest());
    for (const act of [
      { kind: "dropBefore" },
      { kind: "resetMidBody" },
      { kind: "answer", status: 503 },
    ] as const) {
      proxy.inject({ verb: "get", name: ref.name, times: 1, act });
      expect((await client.get(ConfigMap, ref)).metadata.uid).toBe(metadata.uid);
    }
    expect(proxy.log.select({ verb: "get", name: ref.name })).toHaveLength(6);
  });

  it("does not make a deletion wait: the object is gone", async () => {
    const { metadata } = await client.create(ConfigMap, manifest());
    proxy.inject({ verb: "delete", name: ref.name, times: 1, act: { kind: "dropAfter" } });
    expect((await apiErrorOf(client.delete(ConfigMap, ref, { uid: metadata.uid }))).isNotFound).toBe(true);
  });
});

describe("401", () => {
  it("is answered with the credentials of now, once", async () => {
    const stale = await proxy.client("stale", { token: "revoked" });
    const valid = await proxy.client("rest");
    const rotating = new RestClient({
      access: loadAccess({ kubeconfigPath: stale.kubeconfigPath }),
      userAgent: "t",
      fieldManager: "t",
    });
    expect((await apiErrorOf(rotating.create(ConfigMap, manifest()))).isUnauthorized).toBe(true);
    const token = /token: (.+)/.exec(valid.kubeconfigYaml)?.[1] ?? "";
    await writeFile(stale.kubeconfigPath, stale.kubeconfigYaml.replace("revoked", token));
    await rotating.create(ConfigMap, manifest());
    const statuses = proxy.log.writes({ client: "stale" }).map(({ status }) => status);
    expect(statuses).toEqual([401, 401, 201]);
    await rotating.close();
  });
});

describe("429", () => {
  it("is obeyed as long as Retry-After says, also for writes", async () => {
    proxy.inject({
      verb: "create",
      name: ref.name,
      times: 2,
      act: { kind: "answer", status: 429, retryAfter: 1 },
    });
    const startMs = performance.now();
    await client.create(ConfigMap, manifest());
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(2000);
    expect(proxy.log.writes({ name: ref.name }).map(({ status }) => status)).toEqual([429, 429, 201]);
  });

  it("fails at once, with the time to wait, when that would pass the deadline or retries are not wanted", async () => {
    proxy.inject({ verb: "create", name: ref.name, act: { kind: "answer", status: 429, retryAfter: 30 } });
    const late = await apiErrorOf(client.create(ConfigMap, manifest(), { timeoutMs: 5000 }));
    expect(late).toMatchObject({ isThrottled: true, retryAfterMs: 30_000 });
    await apiErrorOf(client.create(ConfigMap, manifest(), { retry: false }));
    expect(proxy.log.writes({ name: ref.name })).toHaveLength(2);
  });
});

describe("a stream", () => {
  it("arrives as it is, whatever its type", async () => {
    const answer = await client.stream("/readyz?verbose");
    const type = answer.headers["content-type"];
    expect([answer.status, type]).toEqual([200, expect.stringContaining("text/plain")]);
    expect(await answer.body.text()).toContain("readyz check passed");
    answer.close();
  });

  it("is refused as every call is", async () => {
    expect(await apiErrorOf(client.stream("/api/v1/namespaces/none/pods/none/log"))).toMatchObject({
      status: 404,
      reason: "NotFound",
    });
  });
});

describe("a client that may no longer act", () => {
  it("ends the calls in flight and sends nothing more", async () => {
    const lease = new AbortController();
    const bound = client.bindTo(lease.signal);
    proxy.inject({ verb: "create", name: ref.name, act: { kind: "hold", stage: "reply" } });
    const inFlight = transportErrorOf(bound.create(ConfigMap, manifest()));
    await expect.poll(() => proxy.log.select({ name: ref.name })).toHaveLength(1);
    lease.abort(new Error("the lease is lost"));
    expect(await inFlight).toMatchObject({ failure: "aborted", sent: true });
    const later = await transportErrorOf(bound.create(ConfigMap, manifest()));
    expect(later).toMatchObject({ failure: "aborted", sent: false });
    expect(later.message).toContain("the lease is lost");
    expect(proxy.log.select({ name: ref.name })).toHaveLength(1);
    await client.get(ConfigMap, ref);
  });
});

describe("a process that was paused until its term was over", () => {
  let clock: ManualClock;
  let term: LeaderTerm;

  beforeEach(() => {
    clock = new ManualClock();
    term = new LeaderTerm(clock, 0, 10_000);
  });

  afterEach(() => term.end("the test is over"));

  it("sends nothing for which it was waiting for credentials", async () => {
    const access = loadAccess({ kubeconfigPath: (await proxy.client("rest")).kubeconfigPath });
    const credentials = async (): Promise<Credentials> => {
      const valid = await access.credentials();
      clock.freeze(20_000);
      return valid;
    };
    const paused = new RestClient({
      access: { server: access.server, credentials },
      userAgent: "t",
      fieldManager: "t",
    });
    const write = paused.bindTo(term.signal).create(ConfigMap, manifest());
    expect(await transportErrorOf(write)).toMatchObject({ failure: "aborted", sent: false });
    expect(proxy.log.writes()).toEqual([]);
    await paused.close();
  });

  it("sends nothing that was waiting for a connection", async () => {
    const { kubeconfigPath } = await proxy.client("rest");
    const paused = new RestClient({
      access: loadAccess({ kubeconfigPath }),
      userAgent: "t",
      fieldManager: "t",
      connections: 1,
    });
    const bound = paused.bindTo(term.signal);
    const held = proxy.inject({ verb: "create", name: ref.name, act: { kind: "hold", stage: "reply" } });
    const first = bound.create(ConfigMap, manifest());
    await held.struck();
    const failure = transportErrorOf(bound.get(ConfigMap, ref));
    clock.freeze(20_000);
    held.release();
    expect((await first).metadata.name).toBe(ref.name);
    expect(await failure).toMatchObject({ failure: "aborted", sent: false });
    expect(proxy.log.select({ verb: "get" })).toEqual([]);
    await paused.close();
  });
});

describe("a lane of its own", () => {
  it("answers while every other connection is held up", async () => {
    proxy.inject({ verb: "get", resource: "configmaps", act: { kind: "hold", stage: "request" } });
    const stuck = Array.from({ length: 20 }, () =>
      failureOf(client.get(ConfigMap, ref, { timeoutMs: 3000, retry: false })),
    );
    await expect.poll(() => proxy.log.select({ verb: "get" })).toHaveLength(8);
    const startMs = performance.now();
    await client.lane().raw({ method: "GET", path: "/version" });
    expect(performance.now() - startMs).toBeLessThan(1000);
    await Promise.all(stuck);
  });
});

describe("load", () => {
  it("adds less than a millisecond of work to a patch, measured against bare undici", async () => {
    const { kubeconfigPath } = await useCluster();
    const access = loadAccess({ kubeconfigPath });
    const direct = new RestClient({ access, userAgent: "t", fieldManager: "t" });
    await direct.create(ConfigMap, manifest());
    const { headers, tls } = await access.credentials();
    const bare = new Pool(access.server, { allowH2: false, connect: tls as object });
    const path = `/api/v1/namespaces/${namespace}/configmaps/${ref.name}`;
    const patchWith = (value: string) => [{ op: "replace" as const, path: "/data/a", value }];
    const byBare = await cpuMsPerRun(async (index) => {
      const body = JSON.stringify(patchWith(`b${index}`));
      const contentType = { "content-type": "application/json-patch+json" };
      const answer = await bare.request({
        method: "PATCH",
        path,
        body,
        headers: { ...headers, ...contentType },
      });
      await answer.body.json();
    });
    const byClient = await cpuMsPerRun((index) => direct.patch(ConfigMap, ref, patchWith(`c${index}`)));
    expect(byClient - byBare).toBeLessThan(1);
    await Promise.all([bare.close(), direct.close()]);
  });

  it("keeps its connection over a deletion", async () => {
    let connects = 0;
    const count = (): void => {
      connects++;
    };
    const { kubeconfigPath } = await useCluster();
    const options = { access: loadAccess({ kubeconfigPath }), userAgent: "t", fieldManager: "t" };
    const direct = new RestClient({ ...options, connections: 1 });
    subscribe("undici:client:connected", count);
    for (let round = 0; round < 3; round++) {
      const { metadata } = await direct.create(ConfigMap, manifest());
      await direct.delete(ConfigMap, ref, { uid: metadata.uid });
    }
    unsubscribe("undici:client:connected", count);
    expect(connects).toBe(1);
    await direct.close();
  });

  it("uses at most eight connections for forty patches at once", async () => {
    await client.create(ConfigMap, manifest());
    const held = proxy.inject({ verb: "patch", name: ref.name, act: { kind: "hold", stage: "request" } });
    const patches = Array.from({ length: 40 }, (_, index) =>
      client.patch(ConfigMap, ref, [{ op: "replace", path: "/data/a", value: String(index) }]),
    );
    await held.struck(8);
    expect(proxy.log.writes({ verb: "patch" })).toHaveLength(8);
    held.release();
    const versions = (await Promise.all(patches)).map(({ metadata }) => metadata.resourceVersion);
    expect(new Set(versions).size).toBe(40);
  });
});

/** CPU time of this thread per run: unlike elapsed time it does not grow when others want the same cores. */
async function cpuMsPerRun(run: (index: number) => Promise<unknown>): Promise<number> {
  const before = process.threadCpuUsage();
  for (let index = 0; index < RUNS; index++) await run(index);
  const after = process.threadCpuUsage();
  return (after.user + after.system - before.user - before.system) / 1000 / RUNS;
}
