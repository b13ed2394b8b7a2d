import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { testNamespace, useCluster } from "./cluster.ts";
import { eventually } from "./eventually.ts";
import {
  answer,
  cutWatch,
  delayWatch,
  duplicateWatch,
  expireWatch,
  type FaultProxy,
  freezeWatch,
  garbleWatch,
  replayWatch,
  startFaultProxy,
} from "./fault-proxy.ts";
import { plainClient, type PlainClient, type PlainWatch } from "./fault-proxy/plain-client.ts";

const watched = "replica-a";
let kubeconfigPath: string;
let proxy: FaultProxy;
let collection: string;
let direct: PlainClient;
let client: PlainClient;
let bystander: PlainClient;
let watch: PlainWatch;
/** A watch of another client through the same proxy. */
let control: PlainWatch;

beforeAll(async () => {
  ({ kubeconfigPath } = await useCluster());
  collection = `/api/v1/namespaces/${await testNamespace()}/configmaps`;
  direct = await plainClient(kubeconfigPath);
  // Every namespace gets this one by itself; from then on only the tests write.
  const path = `${collection}/kube-root-ca.crt`;
  await eventually(async () => (await direct.call("GET", path)).status === 200, { message: path });
});
afterAll(() => direct.close());

beforeEach(async () => {
  proxy = await startFaultProxy({ kubeconfigPath });
  client = await plainClient((await proxy.client(watched)).kubeconfigPath);
  bystander = await plainClient((await proxy.client("bystander")).kubeconfigPath);
  const path = await watchPath();
  [watch, control] = await Promise.all([client.watch(path), bystander.watch(path)]);
});
afterEach(async () => {
  await proxy.close();
  await Promise.all([client.close(), bystander.close()]);
});

/** Path of a watch from now on. */
async function watchPath(): Promise<string> {
  const { text } = await direct.call("GET", `${collection}?limit=1`);
  const { metadata } = JSON.parse(text) as { metadata: { resourceVersion: string } };
  return `${collection}?watch=true&resourceVersion=${metadata.resourceVersion}`;
}

/** Creates an object past the proxy and waits until the other client's watch has shown it. */
async function happens(): Promise<string> {
  const name = `map-${randomUUID()}`;
  await direct.call("POST", collection, { body: { metadata: { name } } });
  await expect(nameOf(control)).resolves.toBe(name);
  return name;
}

async function nameOf(stream: PlainWatch): Promise<string> {
  const event = JSON.parse(await stream.next()) as { object: { metadata: { name: string } } };
  return event.object.metadata.name;
}

describe("a watch", () => {
  it("delivers events at once and in order", async () => {
    const names = [await happens(), await happens(), await happens()];
    expect([await nameOf(watch), await nameOf(watch), await nameOf(watch)]).toEqual(names);
  });

  it("ends at the API server when its client closes it", async () => {
    watch.close();
    await expect.poll(() => proxy.log.select({ verb: "watch", client: watched })[0]!.endedAtMs).toBeDefined();
    expect(proxy.log.select({ verb: "watch", client: "bystander" })[0]!.endedAtMs).toBeUndefined();
  });

  it("delivers nothing while frozen, and everything at the release", async () => {
    const frozen = proxy.inject({ client: watched, act: freezeWatch() });
    expect(frozen.hits).toBe(1);
    const names = [await happens(), await happens()];
    expect(watch.waiting).toEqual([]);
    frozen.release();
    expect([await nameOf(watch), await nameOf(watch)]).toEqual(names);
  });

  it("leaves the next one alone when the open one is frozen", async () => {
    proxy.inject({ client: watched, act: freezeWatch() });
    const next = await client.watch(await watchPath());
    const name = await happens();
    expect(await nameOf(next)).toBe(name);
    expect(watch.waiting).toEqual([]);
  });

  it("is struck at its opening when none is open", async () => {
    watch.close();
    await expect.poll(() => proxy.log.select({ verb: "watch", client: watched })[0]!.endedAtMs).toBeDefined();
    const rule = proxy.inject({ client: watched, act: cutWatch() });
    expect(rule.hits).toBe(0);
    const next = await client.watch(await watchPath());
    expect(await next.ended()).toBe("end");
    expect(rule.hits).toBe(1);
  });

  it("ends in an orderly way when cut", async () => {
    proxy.inject({ client: watched, act: cutWatch() });
    expect(await watch.ended()).toBe("end");
  });

  it("leaves its connection to the next request after an orderly end", async () => {
    proxy.inject({ client: watched, act: cutWatch() });
    await watch.ended();
    expect(await client.call("GET", collection)).toMatchObject({ status: 200 });
    expect(client.disconnects).toBe(0);
  });

  it("breaks when cut by a reset", async () => {
    proxy.inject({ client: watched, act: cutWatch("reset") });
    expect(await watch.ended()).toMatch(/ECONNRESET|terminated|other side closed|aborted/);
  });

  it("breaks within an event when cut there", async () => {
    proxy.inject({ client: watched, act: cutWatch("midEvent") });
    await happens();
    expect(await watch.ended()).not.toBe("end");
    expect(watch.waiting).toEqual([]);
  });

  it("goes on after a line of garbage", async () => {
    proxy.inject({ client: watched, act: garbleWatch() });
    const line = await watch.next();
    expect(() => JSON.parse(line) as unknown).toThrow(SyntaxError);
    const name = await happens();
    expect(await nameOf(watch)).toBe(name);
  });

  it("reports an expired resource version as an event and ends", async () => {
    proxy.inject({ client: watched, act: expireWatch() });
    expect(JSON.parse(await watch.next())).toMatchObject({
      type: "ERROR",
      object: { code: 410, reason: "Expired" },
    });
    expect(await watch.ended()).toBe("end");
  });

  it("reports an expired resource version as the answer to the next watch", async () => {
    proxy.inject({ client: watched, verb: "watch", times: 1, act: answer(410) });
    await expect(client.watch(await watchPath())).rejects.toThrow(/answered 410.*Expired/);
    const next = await client.watch(await watchPath());
    const name = await happens();
    expect(await nameOf(next)).toBe(name);
  });

  it("shows every event twice when duplicated", async () => {
    const rule = proxy.inject({ client: watched, act: duplicateWatch() });
    const name = await happens();
    expect([await nameOf(watch), await nameOf(watch)]).toEqual([name, name]);
    rule.remove();
    const next = await happens();
    const last = await happens();
    expect([await nameOf(watch), await nameOf(watch)]).toEqual([next, last]);
  });

  it("shows the last events again when replayed", async () => {
    const names = [await happens(), await happens(), await happens()];
    for (const name of names) expect(await nameOf(watch)).toBe(name);
    proxy.inject({ client: watched, act: replayWatch(2) });
    expect([await nameOf(watch), await nameOf(watch)]).toEqual(names.slice(1));
  });

  it("shows events late, in order and on later watches too when delayed", async () => {
    const delayMs = 80;
    const rule = proxy.inject({ client: watched, act: delayWatch(delayMs) });
    const next = await client.watch(await watchPath());
    expect(rule.hits).toBe(2);
    const startedAtMs = performance.now();
    const names = [await happens(), await happens()];
    expect([await nameOf(watch), await nameOf(watch)]).toEqual(names);
    expect([await nameOf(next), await nameOf(next)]).toEqual(names);
    expect(performance.now() - startedAtMs).toBeGreaterThan(delayMs);
  });

  it("stands still while its client is cut off, and goes on after", async () => {
    const replica = await proxy.client(watched);
    replica.partition();
    const name = await happens();
    expect(watch.waiting).toEqual([]);
    replica.heal();
    expect(await nameOf(watch)).toBe(name);
  });
});
