import { randomBytes } from "node:crypto";
import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { startFaultProxy, type Act, type FaultProxy } from "@datalayer/devcluster/testkit/fault-proxy";
import { testNamespace, useCluster } from "@datalayer/devcluster/testkit/cluster";
import { Registry } from "prom-client";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { loadAccess } from "./access.ts";
import { Informer, type InformerOptions } from "./informer.ts";
import { InformerSet } from "./informer-set.ts";
import { ConfigMap } from "./kinds.ts";
import { informerMetrics } from "./metrics.ts";
import type { Change } from "./object-cache.ts";
import { RestClient } from "./rest.ts";

let proxy: FaultProxy;
/** Goes through the proxy. */
let client: RestClient;
/** Another writer, which no fault reaches. */
let other: RestClient;
let namespace: string;
let secondNamespace: string;
let stop: AbortController;
/** Set on every object of one test, so that tests do not see each other's. */
let test: string;

beforeAll(async () => {
  const { kubeconfigPath } = await useCluster();
  proxy = await startFaultProxy({ kubeconfigPath });
  const proxied = await proxy.client("informer");
  client = newClient(proxied.kubeconfigPath);
  other = newClient(kubeconfigPath);
  namespace = await testNamespace();
  secondNamespace = await testNamespace();
});

beforeEach(() => {
  proxy.clearFaults();
  proxy.log.clear();
  stop = new AbortController();
  test = `t-${randomBytes(4).toString("hex")}`;
});

/** The next test's faults would strike the watches of this one. */
afterEach(async () => {
  stop.abort(new Error("the test is over"));
  proxy.clearFaults();
  await eventually(() => proxy.log.every(({ endedAtMs }) => endedAtMs !== undefined));
});

afterAll(async () => {
  await Promise.all([client.close(), other.close()]);
  await proxy.close();
});

function newClient(kubeconfigPath: string): RestClient {
  return new RestClient({ access: loadAccess({ kubeconfigPath }), userAgent: "t", fieldManager: "t" });
}

async function create(
  name: string,
  data: Record<string, string> = {},
  where = namespace,
): Promise<ConfigMap> {
  const metadata = { namespace: where, name: `${test}-${name}`, labels: { test } };
  return other.create(ConfigMap, { apiVersion: "v1", kind: "ConfigMap", metadata, data });
}

async function change(object: ConfigMap, value: string): Promise<ConfigMap> {
  return other.patch(ConfigMap, object.metadata, [{ op: "add", path: "/data", value: { value } }]);
}

async function remove({ metadata }: ConfigMap): Promise<void> {
  await other.delete(ConfigMap, metadata, { uid: metadata.uid });
}

/** An informer of this test's objects that has its first list, and what it reports. */
async function follow(
  options: Partial<InformerOptions<ConfigMap>> = {},
): Promise<{ informer: Informer<ConfigMap>; seen: string[] }> {
  const informer = new Informer({
    client,
    kind: ConfigMap,
    namespace,
    labelSelector: `test=${test}`,
    ...options,
  });
  const seen: string[] = [];
  informer.onChange((one) => seen.push(told(one)));
  informer.start(stop.signal);
  await informer.synced();
  return { informer, seen };
}

function told({ type, object }: Change<ConfigMap>): string {
  const value = object.data?.["value"];
  return [type, object.metadata.name.slice(test.length + 1), value].filter(Boolean).join(" ");
}

/** Lists that began one, not the further pages of it. */
function listsBegun(): number {
  return proxy.log.select({ verb: "list" }).filter(({ url }) => !url.includes("continue=")).length;
}

/** Watches that are open or were: a fault cannot strike one that is only asked for. */
async function watching(count = 1): Promise<void> {
  const answered = () => proxy.log.select({ verb: "watch" }).filter(({ status }) => status !== undefined);
  await eventually(() => answered().length >= count, { message: `watch ${count}` });
}

describe("an informer", () => {
  it("lists, then follows every change in order", async () => {
    const first = await create("first");
    const { informer, seen } = await follow();
    expect(informer.hasSynced).toBe(true);
    const second = await create("second");
    await change(first, "1");
    await change(first, "2");
    await remove(second);
    await expect
      .poll(() => seen)
      .toEqual(["added first", "added second", "modified first 1", "modified first 2", "deleted second"]);
    expect(informer.list().map(({ metadata }) => metadata.name)).toEqual([first.metadata.name]);
    expect(JSON.stringify(informer.list())).not.toContain("managedFields");
  });

  it("finds objects by its indexes", async () => {
    const { informer } = await follow({ indexes: { value: (object) => [object.data?.["value"] ?? "none"] } });
    const object = await create("a");
    await expect.poll(() => informer.byIndex("value", "none")).toHaveLength(1);
    await change(object, "7");
    await expect.poll(() => informer.byIndex("value", "7")).toHaveLength(1);
    expect(informer.byIndex("value", "none")).toEqual([]);
    expect(() => informer.byIndex("colour", "7")).toThrow('no index "colour", only: value');
  });

  it("keeps nothing that is to be trimmed, wherever an object comes from", async () => {
    const listed = await create("listed", { value: "1", bulk: "x" });
    const { informer } = await follow({
      trim: (object) => {
        object.data = { value: object.data?.["value"] ?? "" };
      },
    });
    const watched = await create("watched", { value: "2", bulk: "x" });
    await expect.poll(() => informer.get(watched.metadata)?.data).toEqual({ value: "2" });
    expect(informer.get(listed.metadata)?.data).toEqual({ value: "1" });
    const written = await other.patch(ConfigMap, listed.metadata, [
      { op: "add", path: "/data/value", value: "3" },
    ]);
    informer.recordWrite(written);
    expect(informer.get(listed.metadata)?.data).toEqual({ value: "3" });
  });

  it("reports an object that was replaced while nobody looked as a deletion and an addition", async () => {
    const first = await create("same");
    const { seen, informer } = await follow();
    const cut = proxy.inject({ verb: "watch", act: { kind: "answer", status: 503 } });
    proxy.inject({ verb: "watch", times: 1, act: { kind: "expireWatch" } });
    await eventually(() => cut.hits > 0);
    await remove(first);
    const next = await create("same");
    proxy.clearFaults();
    await expect.poll(() => informer.get(next.metadata)?.metadata.uid).toBe(next.metadata.uid);
    await expect.poll(() => seen).toEqual(["added same", "deleted same", "added same"]);
  });

  it("survives a handler that throws", async () => {
    const { informer, seen } = await follow();
    informer.onChange(() => {
      throw new Error("a bug");
    });
    await create("a");
    await create("b");
    await expect.poll(() => seen).toEqual(["added a", "added b"]);
  });

  it("tells a late handler what is there", async () => {
    await create("a");
    const { informer } = await follow();
    const seen: string[] = [];
    const end = informer.onChange((one) => seen.push(told(one)));
    expect(seen).toEqual(["added a"]);
    end();
    await create("b");
    await expect.poll(() => informer.list()).toHaveLength(2);
    expect(seen).toEqual(["added a"]);
  });

  it("opens nothing more once its signal is aborted", async () => {
    await follow();
    await watching();
    stop.abort(new Error("shutdown"));
    await expect
      .poll(() => proxy.log.select({ verb: "watch" }).every(({ endedAtMs }) => endedAtMs))
      .toBe(true);
    const requests = proxy.log.length;
    await create("later");
    await new Promise(setImmediate);
    expect(proxy.log).toHaveLength(requests);
  });
});

describe("a write of our own", () => {
  it("is visible at once, even while the watch is frozen", async () => {
    const { informer } = await follow();
    await watching();
    const frozen = proxy.inject({ verb: "watch", act: { kind: "freezeWatch" } });
    const object = await create("mine");
    informer.recordWrite(object);
    expect(informer.get(object.metadata)).toBe(object);
    await remove(object);
    informer.recordDelete(object.metadata, object.metadata.uid);
    expect(informer.get(object.metadata)).toBeUndefined();
    frozen.release();
    const last = await create("last");
    expect(await informer.waitFor(last.metadata.resourceVersion, { timeoutMs: 5000 })).toBe(true);
    expect(informer.list().map(({ metadata }) => metadata.name)).toEqual([last.metadata.name]);
  });

  it("is waited for until the watch has delivered it", async () => {
    const { informer, seen } = await follow();
    await watching();
    const frozen = proxy.inject({ verb: "watch", act: { kind: "freezeWatch" } });
    const { metadata } = await create("mine");
    expect(await informer.waitFor(metadata.resourceVersion, { timeoutMs: 50 })).toBe(false);
    const arrived = informer.waitFor(metadata.resourceVersion, { timeoutMs: 5000 });
    frozen.release();
    expect(await arrived).toBe(true);
    expect(seen).toEqual(["added mine"]);
    expect(await informer.waitFor(metadata.resourceVersion, { timeoutMs: 0 })).toBe(true);
  });

  it("is not waited for when the caller gives up", async () => {
    const { informer } = await follow();
    const caller = new AbortController();
    const waiting = informer.waitFor("999999999999", { timeoutMs: 5000, signal: caller.signal });
    caller.abort(new Error("the client left"));
    await expect(waiting).rejects.toThrow("the client left");
  });
});

describe("a watch that breaks", () => {
  const faults: [string, Act][] = [
    ["is ended by the server", { kind: "cutWatch", how: "end" }],
    ["is reset", { kind: "cutWatch", how: "reset" }],
    ["is reset within an event", { kind: "cutWatch", how: "midEvent" }],
    ["carries half an event", { kind: "garbleWatch" }],
  ];

  it.each(faults)("and %s heals without a list, and without losing an event", async (_what, act) => {
    const object = await create("a");
    const { informer, seen } = await follow();
    await watching();
    proxy.inject({ verb: "watch", times: 1, act });
    await change(object, "1");
    await watching(2);
    await change(object, "2");
    await expect.poll(() => seen).toEqual(["added a", "modified a 1", "modified a 2"]);
    expect(listsBegun()).toBe(1);
    expect(informer.relists).toBe(0);
  });

  it("is counted by its cause, and so is the list that an expired one needs", async () => {
    const registry = new Registry();
    const { informer } = await follow({ metrics: informerMetrics(registry) });
    const labels = `kind="ConfigMap",namespace="${namespace}"`;
    await watching();
    proxy.inject({ verb: "watch", times: 1, act: { kind: "garbleWatch" } });
    await watching(2);
    proxy.inject({ verb: "watch", times: 1, act: { kind: "expireWatch" } });
    await expect.poll(() => informer.relists).toBe(1);
    const text = await registry.metrics();
    expect(text).toContain(`informer_watch_disconnects_total{${labels},cause="garbled"} 1`);
    expect(text).toContain(`informer_watch_disconnects_total{${labels},cause="Expired"} 1`);
    expect(text).toContain(`informer_relists_total{${labels}} 1`);
  });

  it("and delivers events twice, or old ones again, changes nothing", async () => {
    const object = await create("a");
    const { informer, seen } = await follow();
    await watching();
    proxy.inject({ verb: "watch", act: { kind: "duplicateWatch" } });
    await change(object, "1");
    await change(object, "2");
    proxy.inject({ verb: "watch", act: { kind: "replayWatch", count: 3 } });
    const last = await change(object, "3");
    await informer.waitFor(last.metadata.resourceVersion, { timeoutMs: 5000 });
    expect(seen).toEqual(["added a", "modified a 1", "modified a 2", "modified a 3"]);
    expect(informer.get(object.metadata)?.data).toEqual({ value: "3" });
  });

  it("and ends with an old event goes on after the newest one", async () => {
    const older = await create("a");
    const { seen } = await follow();
    await watching();
    const newer = await change(older, "1");
    await expect.poll(() => seen).toHaveLength(2);
    const body = [newer, older].map((object) => `${JSON.stringify({ type: "MODIFIED", object })}\n`).join("");
    const replayed = proxy.inject({ verb: "watch", times: 1, act: { kind: "answer", status: 200, body } });
    proxy.inject({ verb: "watch", times: 1, act: { kind: "cutWatch", how: "end" } });
    await replayed.struck();
    await watching(3);
    const { url } = proxy.log.select({ verb: "watch" })[2]!;
    expect(url).toContain(`resourceVersion=${newer.metadata.resourceVersion}&`);
    expect(seen).toEqual(["added a", "modified a 1"]);
  });

  it("and says nothing for longer than the idle limit is replaced", async () => {
    const object = await create("a");
    const { informer, seen } = await follow({ idleTimeoutMs: 300 });
    await watching();
    proxy.inject({ verb: "watch", times: 1, act: { kind: "freezeWatch" } });
    await change(object, "1");
    await expect.poll(() => seen).toEqual(["added a", "modified a 1"]);
    expect(informer.relists).toBe(0);
    expect(listsBegun()).toBe(1);
  });

  it("and whose server refuses connections for a while goes on where it stopped", async () => {
    const object = await create("a");
    const { seen } = await follow();
    await watching();
    const proxied = await proxy.client("informer");
    proxied.partition("reset");
    await change(object, "1");
    await change(object, "2");
    proxied.heal();
    await expect.poll(() => seen, { timeout: 10_000 }).toEqual(["added a", "modified a 1", "modified a 2"]);
    expect(listsBegun()).toBe(1);
  });
});

describe("a watch that has expired", () => {
  const faults: [string, Act][] = [
    ["by an ERROR event", { kind: "expireWatch" }],
    ["by the status of the next one", { kind: "answer", status: 410, reason: "Expired" }],
  ];

  it.each(faults)("%s heals with one paged list", async (_what, act) => {
    const names = Array.from({ length: 12 }, (_, index) => `n${index}`);
    const objects = await Promise.all(names.map((name) => create(name)));
    const { informer, seen } = await follow();
    await watching();
    seen.length = 0;
    const expired = proxy.inject({ verb: "watch", times: 1, act });
    if (act.kind === "answer")
      proxy.inject({ verb: "watch", times: 1, act: { kind: "cutWatch", how: "end" } });
    await expired.struck();
    await change(objects[0]!, "1");
    await remove(objects[1]!);
    await expect.poll(() => [...seen].sort()).toEqual(["deleted n1", "modified n0 1"]);
    expect(informer.relists).toBe(1);
    expect(listsBegun()).toBe(2);
    for (const { url } of proxy.log.select({ verb: "list" })) expect(url).toContain("limit=500");
  });

  it("again and again is not met with lists without pause", async () => {
    const { informer } = await follow();
    proxy.inject({ verb: "watch", times: 1000, act: { kind: "answer", status: 410, reason: "Expired" } });
    proxy.inject({ verb: "watch", times: 1, act: { kind: "cutWatch", how: "end" } });
    await eventually(() => informer.relists >= 3, { timeoutMs: 20_000 });
    expect(listsBegun()).toBeLessThan(10);
  });
});

describe("a first list that fails", () => {
  it("is tried again until it succeeds, and only then is the informer synced", async () => {
    await create("a");
    const failing = proxy.inject({ verb: "list", act: { kind: "answer", status: 500 } });
    const informer = new Informer({ client, kind: ConfigMap, namespace, labelSelector: `test=${test}` });
    informer.start(stop.signal);
    await failing.struck(2);
    expect(informer.hasSynced).toBe(false);
    failing.remove();
    await informer.synced();
    expect(informer.list()).toHaveLength(1);
  });

  it("waits as long as Retry-After says", async () => {
    proxy.inject({ verb: "list", times: 1, act: { kind: "answer", status: 429, retryAfter: 1 } });
    await follow();
    const [refused, accepted] = proxy.log.select({ verb: "list" });
    expect(accepted!.startedAtMs - refused!.startedAtMs).toBeGreaterThanOrEqual(1000);
  });

  it("does not keep a caller who gives up", async () => {
    proxy.inject({ verb: "list", act: { kind: "hold", stage: "request" } });
    const informer = new Informer({ client, kind: ConfigMap, namespace });
    informer.start(stop.signal);
    const caller = new AbortController();
    const waiting = informer.synced(caller.signal);
    caller.abort(new Error("too late"));
    await expect(waiting).rejects.toThrow("too late");
  });
});

describe("informers of several namespaces", () => {
  it("read as one", async () => {
    const set = new InformerSet({
      client,
      kind: ConfigMap,
      namespaces: [namespace, secondNamespace],
      labelSelector: `test=${test}`,
      indexes: { test: (object) => [object.metadata.labels?.["test"] ?? ""] },
    });
    set.start(stop.signal);
    await set.synced();
    const here = await create("here");
    const there = await create("there", {}, secondNamespace);
    for (const { metadata } of [here, there]) {
      const { namespace, resourceVersion } = metadata;
      expect(await set.waitFor(resourceVersion, { timeoutMs: 5000, namespace })).toBe(true);
    }
    expect(set.list()).toHaveLength(2);
    expect(set.list(secondNamespace).map(({ metadata }) => metadata.uid)).toEqual([there.metadata.uid]);
    expect(set.byIndex("test", test)).toHaveLength(2);
    expect(set.get(there.metadata)).toEqual(there);
    set.recordDelete(there.metadata, there.metadata.uid);
    expect(set.get(there.metadata)).toBeUndefined();
    expect(set.get({ namespace: "elsewhere", name: here.metadata.name })).toBeUndefined();
  });

  it("are one watch over the cluster for *", async () => {
    const set = new InformerSet({
      client,
      kind: ConfigMap,
      namespaces: ["*"],
      labelSelector: `test=${test}`,
    });
    set.start(stop.signal);
    await set.synced();
    const there = await create("there", {}, secondNamespace);
    await expect.poll(() => set.get(there.metadata)).toEqual(there);
    expect(proxy.log.select({ verb: "list" })).toHaveLength(1);
  });
});
