import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { hold } from "@datalayer/devcluster/testkit/fault-proxy";
import { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import { beforeAll, describe, expect, it } from "vitest";
import { apiKey, type Harness, startHarness, type TestReplica } from "../../test/harness.ts";
import type { Answer } from "../../test/test-replica.ts";

let cluster: Harness;
let replica: TestReplica;

/** Makes a pool without runtimes, and waits until the replica knows it: before that, nobody can wait for it. */
async function emptyPool(name: string): Promise<void> {
  const { metadata } = await cluster.warmPool({ name, size: 0 });
  const isKnown = async (): Promise<boolean> => {
    const { status } = await cluster.admin.get(RuntimePool, metadata);
    return status?.observedGeneration === metadata.generation;
  };
  await eventually(isKnown, { message: `pool ${name} being known` });
}

beforeAll(async () => {
  cluster = await startHarness();
  replica = await cluster.startReplica("queue", {
    settings: { DATALAYER_CLAIM_QUEUE_LENGTH: "4", DATALAYER_CLAIM_MAX_WAIT_SECONDS: "20" },
  });
});

const ask = (pool: string, user: string, seconds: number): Promise<Answer> =>
  replica.ask("POST", "/runtimes", {
    body: { pool_name: pool, user_uid: user },
    headers: { prefer: `wait=${seconds}` },
  });

const depth = (): Promise<number> => replica.counter("datalayer_claim_queue_depth");
const depthOf = (count: number): Promise<unknown> =>
  eventually(async () => (await depth()) === count, { message: `${count} claims waiting` });

describe("a claim that prefers to wait", () => {
  it("is served when the pool gets a runtime, and told what was applied", async () => {
    await emptyPool("late");
    const claim = ask("late", "ada", 999);
    await depthOf(1);
    await cluster.resize("late", 1);
    expect(await claim).toMatchObject({ status: 201, headers: { "preference-applied": "wait=20" } });
    expect(await depth()).toBe(0);
    const text = await replica.metrics.registry.metrics();
    expect(text).toMatch(/datalayer_claim_queue_waited_seconds_count\{result="served"[^}]*\} 1/);
  });

  it("is refused at its deadline, with its position and a time", async () => {
    await emptyPool("never");
    expect(await ask("never", "ada", 1)).toMatchObject({
      status: 503,
      headers: { "retry-after": "60", "preference-applied": "wait=1" },
      body: { reason: "pool-empty", retry_after_seconds: 60, queue_position: 1 },
    });
    expect(await depth()).toBe(0);
  });

  it("takes turns with other users", async () => {
    await emptyPool("turns");
    const order: string[] = [];
    const claims = ["ada", "ada", "ada", "bob"].map(async (user) => {
      const { status } = await ask("turns", user, 20);
      order.push(`${user} ${status}`);
    });
    await depthOf(4);
    await cluster.resize("turns", 1);
    await Promise.all(claims);
    expect(order).toEqual(["ada 201", "bob 201", "ada 201", "ada 201"]);
  });

  it("makes room in a full queue for a user that has fewer, and has to go if it has the most", async () => {
    await emptyPool("full");
    const ada = Array.from({ length: 4 }, () => ask("full", "ada", 20));
    await depthOf(4);
    expect(await ask("full", "ada", 20)).toMatchObject({
      status: 429,
      headers: { "retry-after": "60" },
      body: { reason: "too-many-waiting", waiting: 4 },
    });
    const bob = ask("full", "bob", 20);
    expect(await ada[3]).toMatchObject({ status: 429 });
    await cluster.resize("full", 4);
    const served = await Promise.all([...ada.slice(0, 3), bob]);
    expect(served.map(({ status }) => status)).toEqual([201, 201, 201, 201]);
  });

  it("leaves when its caller goes, and the next runtime stays for others", async () => {
    await emptyPool("gone");
    const url = await replica.listen();
    const caller = new AbortController();
    const request = fetch(`${url}/runtimes`, {
      method: "POST",
      signal: caller.signal,
      headers: { "x-api-key": apiKey, "content-type": "application/json", prefer: "wait=20" },
      body: JSON.stringify({ pool_name: "gone", user_uid: "ada" }),
    });
    await depthOf(1);
    caller.abort();
    await expect(request).rejects.toThrow();
    await depthOf(0);
    await cluster.resize("gone", 1);
    await cluster.available("gone", 1);
    expect(await cluster.runtimes({ pool: "gone", state: "assigned" })).toEqual([]);
  });
});

describe("a claim that does not wait", () => {
  it("is told when the starting runtime will be there, from how long the last one took", async () => {
    await cluster.warmPool({ name: "pace", size: 1 });
    // However fast the next one starts, it is not offered.
    const offers = ({ body = "" }: { body?: string }): boolean =>
      body.includes('"available"') && !body.includes('"assigned"');
    const held = cluster.proxy.inject({ verb: "patch", resource: "pods", where: offers, act: hold() });
    await eventually(async () => (await replica.claim({ pool_name: "pace" })).status === 201, {
      message: "the only runtime being claimed",
    });
    await held.struck();
    const { status, body, headers } = await replica.claim({ pool_name: "pace" });
    held.remove();
    expect(status).toBe(503);
    expect(body.retry_after_seconds).toBeGreaterThanOrEqual(1);
    expect(body.retry_after_seconds).toBeLessThanOrEqual(20);
    expect(headers["retry-after"]).toBe(String(body.retry_after_seconds));
  });
});

describe("a replica that ends", () => {
  it("sends waiting claims away at once", async () => {
    await emptyPool("end");
    const claim = ask("end", "ada", 20);
    await depthOf(1);
    await replica.stop();
    expect(await claim).toMatchObject({
      status: 503,
      headers: { "retry-after": "1" },
      body: { reason: "unavailable", retry_after_seconds: 1 },
    });
  });
});
