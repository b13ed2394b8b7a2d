import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { answer, freezeWatch, hold, type ProxiedRequest } from "@datalayer/devcluster/testkit/fault-proxy";
import { Pod } from "@datalayer/shared/kube/kinds";
import { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import { beforeAll, describe, expect, it } from "vitest";
import { type ClaimsOnly, claimRequest } from "../../test/claims-only.ts";
import { assignment } from "../../test/assignment.ts";
import { apiKey, type Harness, startHarness, type TestReplica } from "../../test/harness.ts";
import {
  assertNoDoubleAssignment,
  assertNoLeakedReservation,
  type PodHistory,
} from "../../test/pod-history.ts";
import { claimPatch } from "./claim-patch.ts";

let harness: Harness;
let history: PodHistory;
let leader: TestReplica;

beforeAll(async () => {
  harness = await startHarness();
  history = await harness.record();
  leader = await harness.startReplica("leader");
});

const isClaim = ({ body }: ProxiedRequest): boolean => body?.includes("claim-id") === true;
const claimsOf = (client: string) => ({ client, verb: "patch", resource: "pods", where: isClaim }) as const;
const range = (length: number): number[] => Array.from({ length }, (_, index) => index);
const heldIn = (pool: string): string[] =>
  history
    .held()
    .filter(({ versions }) => versions[0]?.pool === pool)
    .map(({ name }) => name);

describe("a claim", () => {
  it("is refused with 404 where no pool fits, and with 503 and a time where the pool is empty", async () => {
    await harness.warmPool({ name: "empty", size: 0 });
    expect(await leader.claim({ pool_name: "nowhere" })).toMatchObject({ status: 404 });
    expect(await leader.claim({ environment_name: "nothing" })).toMatchObject({ status: 404 });
    expect(await leader.claim({ pool_name: "empty" })).toMatchObject({
      status: 503,
      headers: { "retry-after": "60" },
      body: { retry_after_seconds: 60 },
    });
  });

  it("of many at once never gives one runtime twice, on two replicas", async () => {
    await harness.warmPool({ name: "crowd", size: 12 });
    const second = await harness.startReplica("second");
    const answers = await Promise.all(
      range(12).map((index) => (index % 2 ? leader : second).claim({ pool_name: "crowd" })),
    );
    const given = answers.filter(({ status }) => status === 201);
    const names = given.map(({ body }) => body.runtime.pod_name);
    expect(names.length).toBeGreaterThan(6);
    expect(new Set(names).size).toBe(names.length);
    await expect.poll(() => heldIn("crowd").toSorted()).toEqual(names.toSorted());
    assertNoDoubleAssignment(history);
  });
});

describe("a claim with values that the API server refuses", () => {
  let replica: ClaimsOnly;

  beforeAll(async () => {
    await harness.warmPool({ name: "invalid", size: 1 });
    replica = await harness.startClaims("invalid");
  });

  it("is refused once, and its Pod serves the next", async () => {
    const claim = replica.claimer.claim(claimRequest("invalid", { userUid: "no label value" }));
    await expect(claim).rejects.toMatchObject({ refusal: "invalid" });
    expect(harness.proxy.log.select(claimsOf("invalid"))).toHaveLength(1);
    const next = await replica.claimer.claim(claimRequest("invalid"));
    expect(harness.proxy.log.select(claimsOf("invalid")).map(({ name }) => name)).toEqual([
      next.name,
      next.name,
    ]);
  });
});

describe("a claim whose replica does not see that others took every runtime", () => {
  it("tries five, and is told that there is none", async () => {
    await harness.warmPool({ name: "stale", size: 6 });
    const replica = await harness.startClaims("stale");
    const runtimes = await harness.available("stale", 6);
    await expect
      .poll(() => replica.candidates.count({ namespace: harness.namespace, name: "stale" }))
      .toBe(6);
    harness.proxy.inject({ client: "stale", verb: "watch", resource: "pods", act: freezeWatch() });
    for (const runtime of runtimes)
      await harness.admin.patch(Pod, runtime, claimPatch(runtime, assignment({ claimId: runtime.ulid })));
    const claim = replica.claimer.claim(claimRequest("stale"));
    await expect(claim).rejects.toMatchObject({ refusal: "pool-empty" });
    const tried = harness.proxy.log.select(claimsOf("stale")).map(({ name }) => name);
    expect([tried.length, new Set(tried).size]).toEqual([5, 5]);
  });
});

describe("a caller without a key that will not learn of its runtime", () => {
  it("leaves none behind when it goes while its claim is under way", async () => {
    await harness.warmPool({ name: "gone", size: 1 });
    const replica = await harness.startReplica("gone");
    const url = await replica.listen();
    const held = harness.proxy.inject({ ...claimsOf("gone"), times: 1, act: hold() });
    const leaving = new AbortController();
    const claim = fetch(`${url}/runtimes`, {
      method: "POST",
      signal: leaving.signal,
      headers: { "x-api-key": apiKey, "content-type": "application/json" },
      body: JSON.stringify({ pool_name: "gone", user_uid: "user-1" }),
    });
    await held.struck();
    leaving.abort();
    await expect(claim).rejects.toThrow();
    held.release();
    const [life] = await eventually(() => {
      const lives = history.assigned().filter(({ versions }) => versions[0]?.pool === "gone");
      return lives.length > 0 && lives;
    });
    await expect.poll(() => life?.gone).toBe(true);
    expect(heldIn("gone")).toEqual([]);
  });

  it("leaves none behind when the token of its runtime cannot be read", async () => {
    await harness.warmPool({ name: "no-token", size: 1 });
    const replica = await harness.startReplica("no-token");
    harness.proxy.inject({ client: "no-token", verb: "get", resource: "secrets", act: answer(403) });
    expect((await replica.claim({ pool_name: "no-token" })).status).toBeGreaterThanOrEqual(500);
    const lives = await eventually(() => {
      const found = history.assigned().filter(({ versions }) => versions[0]?.pool === "no-token");
      return found.length > 0 && found;
    });
    await expect.poll(() => lives.every(({ gone }) => gone)).toBe(true);
  });
});

describe("a pool that is deleted", () => {
  it.each(["Background", "Foreground"] as const)(
    "(%s) while claims run takes no user's runtime",
    async (how) => {
      const name = how.toLowerCase();
      const pool = await harness.warmPool({ name, size: 24 });
      const { uid } = pool.metadata;
      const claims = range(24).map((index) =>
        leader.claim({ pool_name: name, reservation_id: `${name}-${index}` }),
      );
      await claims[0];
      await harness.admin.delete(RuntimePool, pool.metadata, { uid, propagationPolicy: how });
      const given = (await Promise.all(claims)).flatMap(({ status, body }) =>
        status === 201 ? [{ claimant: body.runtime.reservation_id!, podName: body.runtime.pod_name }] : [],
      );
      const names = given.map(({ podName }) => podName).toSorted();
      // Everything else of the pool is collected; what was given stays.
      const owned = async (): Promise<string[]> => {
        const left = await harness.runtimes({ pool: name });
        return left.filter(({ pod }) => pod.metadata.ownerReferences?.length).map((runtime) => runtime.name);
      };
      await eventually(async () => (await owned()).length === 0, {
        timeoutMs: 25_000,
        message: "the garbage collector having taken the warm ones",
      });
      expect(heldIn(name).toSorted()).toEqual(names);
      expect(given.length).toBeGreaterThan(0);
      const held = history.held().filter(({ versions }) => versions[0]?.pool === name);
      assertNoLeakedReservation({ held: () => held }, given);
    },
  );
});

describe("a replica whose caches are not filled", () => {
  it("says so instead of answering from what it does not know", async () => {
    await harness.warmPool({ name: "early", size: 1 });
    const listing = harness.proxy.inject({ client: "early", verb: "list", resource: "pods", act: hold() });
    const starting = harness.startReplica("early");
    await listing.struck();
    const early = await eventually(() => harness.replicas.find(({ name }) => name === "early"));
    expect(await early.claim({ pool_name: "early" })).toMatchObject({
      status: 503,
      headers: { "retry-after": "1" },
      body: { reason: "starting" },
    });
    expect(await early.ask("GET", "/runtimes")).toMatchObject({ status: 503 });
    listing.remove();
    await starting;
    expect(await early.claim({ pool_name: "early" })).toMatchObject({ status: 201 });
  });
});
