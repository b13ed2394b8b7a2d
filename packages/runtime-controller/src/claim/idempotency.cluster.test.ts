import { createHash } from "node:crypto";
import { eventually } from "@datalayer/devcluster/testkit/eventually";
import {
  answer,
  delayWatch,
  expireWatch,
  freezeWatch,
  hold,
  type ProxiedRequest,
} from "@datalayer/devcluster/testkit/fault-proxy";
import { Pod } from "@datalayer/shared/kube/kinds";
import { beforeAll, describe, expect, it } from "vitest";
import { assignment } from "../../test/assignment.ts";
import { type ClaimsOnly, claimRequest } from "../../test/claims-only.ts";
import { type Harness, startHarness, type TestReplica } from "../../test/harness.ts";
import { assertNoDoubleAssignment, type PodHistory } from "../../test/pod-history.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { ClaimError } from "./claim-error.ts";
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
const hashOf = (key: string): string => createHash("sha256").update(key).digest("hex").slice(0, 40);
const range = (length: number): number[] => Array.from({ length }, (_, index) => index);

/** The Pods that still carry the key, by name. */
function holders(key: string): string[] {
  const held = history.held().filter(({ versions }) => versions.at(-1)?.claimKey === hashOf(key));
  return held.map(({ name }) => name);
}

/** Repeats a claim that got no definite answer in time, as its caller would. */
async function insistently(claim: () => Promise<Runtime>): Promise<Runtime> {
  for (;;) {
    try {
      return await claim();
    } catch (error) {
      if (!(error instanceof ClaimError && error.refusal === "unavailable")) throw error;
    }
  }
}

/** Claims the Pod for the key past every replica, as one that dies right after. */
async function claimBehindTheirBacks(runtime: Runtime, key: string, startedAt: number): Promise<void> {
  const claim = assignment({ claimId: runtime.ulid, claimKey: hashOf(key), startedAt });
  await harness.admin.patch(Pod, runtime, claimPatch(runtime, claim));
}

describe("the same key on three replicas whose watches are 0, 80 and 160 ms late", () => {
  let replicas: ClaimsOnly[];
  const size = 30;

  beforeAll(async () => {
    await harness.warmPool({ name: "late", size });
    replicas = await Promise.all(range(3).map((index) => harness.startClaims(`late-${index}`)));
    for (const index of [1, 2]) {
      const rule = { client: `late-${index}`, verb: "watch", resource: "pods" } as const;
      harness.proxy.inject({ ...rule, act: delayWatch(80 * index) });
    }
    // They serve one claim from different Pods, as when their caches differ: each is kept from another third.
    const runtimes = await harness.runtimes({ pool: "late" });
    for (const [index, { candidates }] of replicas.entries()) {
      for (const runtime of runtimes.filter((_, place) => place % 3 === index)) candidates.reserve(runtime);
    }
  });

  it("gets one runtime, and the others are taken back", async () => {
    const keys = range(12).map((index) => `late-key-${index}`);
    const answers = await Promise.all(
      keys.map(async (idempotencyKey) => {
        const request = claimRequest("late", { idempotencyKey });
        const claims = replicas.map(({ claimer }) => insistently(() => claimer.claim(request)));
        return (await Promise.all(claims)).map(({ name }) => name);
      }),
    );
    for (const [index, names] of answers.entries()) {
      expect(new Set(names).size).toBe(1);
      // Sooner than the leader would do it in place of a replica that died.
      await expect.poll(() => holders(keys[index]!), { timeout: 5_000 }).toEqual([names[0]]);
    }
    assertNoDoubleAssignment(history);
    // More Pods were claimed than keys: the replicas did compete.
    expect(history.assigned().filter(({ versions }) => versions[0]?.pool === "late").length).toBeGreaterThan(
      12,
    );
  });
});

describe("a key whose order the watch does not tell", () => {
  it("is looked up when the watch is frozen", async () => {
    await harness.warmPool({ name: "frozen", size: 2 });
    const replica = await harness.startClaims("frozen");
    const watch = { client: "frozen", verb: "watch", resource: "pods" } as const;
    const frozen = harness.proxy.inject({ ...watch, act: freezeWatch() });
    const request = claimRequest("frozen", { idempotencyKey: "frozen-key" });
    const { name } = await replica.claimer.claim(request);
    expect((await replica.metrics.historyReads.get()).values[0]?.value).toBe(1);
    frozen.remove();
    expect((await replica.claimer.claim(request)).name).toBe(name);
    await expect.poll(() => holders("frozen-key")).toEqual([name]);
  });

  it.each([
    ["in the order of their names", 0],
    ["against the order of their names", 1],
  ])("is looked up by a replica that lists two claims made %s", async (_, firstIndex) => {
    const pool = `listed-${firstIndex}`;
    const key = `${pool}-key`;
    await harness.warmPool({ name: pool, size: 2 });
    const runtimes = (await harness.runtimes({ pool })).toSorted((a, b) => (a.name < b.name ? -1 : 1));
    const [first, second] = [runtimes[firstIndex]!, runtimes[1 - firstIndex]!];
    const now = Math.floor(Date.now() / 1000);
    await claimBehindTheirBacks(first, key, now);
    await claimBehindTheirBacks(second, key, now);
    // The newest write is on the first: its version says nothing about the order of the claims.
    await harness.admin.patch(Pod, first, [
      { op: "add", path: "/metadata/annotations/touched", value: "yes" },
    ]);
    const replica = await harness.startClaims(pool);
    const request = claimRequest(pool, { idempotencyKey: key });
    expect((await replica.claimer.claim(request)).name).toBe(first.name);
    expect((await replica.claimer.claim(request)).name).toBe(first.name);
    expect((await replica.metrics.historyReads.get()).values[0]?.value).toBe(1);
  });

  it("is refused while two carry it and the API server does not remember", async () => {
    const key = "forgotten-key";
    await harness.warmPool({ name: "forgotten", size: 2 });
    const [first, second] = (await harness.runtimes({ pool: "forgotten" })) as [Runtime, Runtime];
    // The leader leaves a second one alone until ten seconds after its start.
    const startedAt = Math.floor(Date.now() / 1000) + 60;
    await claimBehindTheirBacks(first, key, startedAt);
    await claimBehindTheirBacks(second, key, startedAt);
    const { pod: newest } = (await harness.runtime(second.name))!;
    const replica = await harness.startClaims("forgotten");
    const isOfThePast = ({ url }: ProxiedRequest): boolean => {
      const version = /resourceVersion=(\d+)&resourceVersionMatch=Exact/.exec(url)?.[1];
      return version !== undefined && BigInt(version) < BigInt(newest.metadata.resourceVersion);
    };
    const list = { client: "forgotten", verb: "list", resource: "pods", where: isOfThePast } as const;
    harness.proxy.inject({ ...list, act: answer(410) });
    const request = claimRequest("forgotten", { idempotencyKey: key });
    await expect(replica.claimer.claim(request)).rejects.toMatchObject({
      refusal: "unavailable",
      message: expect.stringContaining("which of them was first") as string,
    });
    for (const runtime of [first, second]) {
      await harness.admin.patch(Pod, runtime, [{ op: "remove", path: "/metadata/finalizers" }]);
      await harness.admin.delete(Pod, runtime, { uid: runtime.uid, gracePeriodSeconds: 0 });
    }
    const refusal = async (): Promise<unknown> =>
      replica.claimer.claim(request).catch((error: unknown) => (error as ClaimError).refusal);
    await expect.poll(refusal).toBe("key-ended");
  });

  it("gives one runtime when the watch expires while two replicas claim", async () => {
    await harness.warmPool({ name: "relist", size: 4 });
    const replicas = await Promise.all([harness.startClaims("relist-a"), harness.startClaims("relist-b")]);
    const frozen = harness.proxy.inject({
      client: "relist-a",
      verb: "watch",
      resource: "pods",
      act: freezeWatch(),
    });
    const runtimes = await harness.runtimes({ pool: "relist" });
    for (const [index, { candidates }] of replicas.entries())
      for (const runtime of runtimes.slice(index * 2, index * 2 + 2)) candidates.reserve(runtime);
    const request = claimRequest("relist", { idempotencyKey: "relist-key" });
    const claims = replicas.map(({ claimer }) => claimer.claim(request));
    harness.proxy.inject({ client: "relist-a", verb: "watch", resource: "pods", act: expireWatch() });
    frozen.remove();
    const names = (await Promise.all(claims)).map(({ name }) => name);
    expect(new Set(names).size).toBe(1);
    await expect.poll(() => holders("relist-key")).toEqual([names[0]]);
  });
});

describe("the same key again", () => {
  beforeAll(async () => {
    await harness.warmPool({ name: "again", size: 8 });
  });

  it("joins the claim that is under way, and gets its answer later too", async () => {
    const body = { pool_name: "again" };
    const answers = await Promise.all([leader.claim(body, "twice"), leader.claim(body, "twice")]);
    const later = await leader.claim(body, "twice");
    const names = [...answers, later].map((answer) => answer.body.runtime.pod_name);
    expect([...answers, later].map(({ status }) => status)).toEqual([201, 201, 201]);
    expect(new Set(names).size).toBe(1);
    await expect.poll(() => holders("twice")).toEqual([names[0]]);
  });

  it("with another body is refused: 409 while the first is under way, 422 afterwards", async () => {
    const held = harness.proxy.inject({ ...claimsOf("leader"), times: 1, act: hold() });
    const first = leader.claim({ pool_name: "again" }, "other-body");
    await held.struck();
    const other = { pool_name: "again", given_name: "Another" };
    expect(await leader.claim(other, "other-body")).toMatchObject({ status: 409 });
    held.release();
    expect((await first).status).toBe(201);
    expect(await leader.claim(other, "other-body")).toMatchObject({ status: 422 });
    await expect.poll(() => holders("other-body")).toHaveLength(1);
  });

  it("a thousand times at once, on two replicas, gets one runtime", async () => {
    const replicas = [leader, await harness.startReplica("thousand")];
    const answers = await Promise.all(
      Array.from({ length: 1000 }, (_, index) =>
        replicas[index % 2]!.claim({ pool_name: "again" }, "thousand"),
      ),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
    const names = new Set(answers.map(({ body }) => body.runtime.pod_name));
    expect(names.size).toBe(1);
    await expect.poll(() => holders("thousand")).toEqual([...names]);
  });

  it("with another body at once on two replicas gets one runtime and one refusal", async () => {
    const other = await harness.startReplica("other");
    const answers = await Promise.all([
      leader.claim({ pool_name: "again" }, "race"),
      other.claim({ pool_name: "again", given_name: "Another" }, "race"),
    ]);
    expect(answers.map(({ status }) => status).toSorted()).toEqual([201, 422]);
    await expect.poll(() => holders("race")).toHaveLength(1);
  });

  it("is refused when its runtime has ended", async () => {
    const { body } = await leader.claim({ pool_name: "again" }, "ended");
    await leader.ask("DELETE", `/runtimes/${body.runtime.pod_name}`);
    await eventually(() => holders("ended").length === 0);
    await expect.poll(async () => (await leader.claim({ pool_name: "again" }, "ended")).status).toBe(410);
  });
});

describe("a key that waits on one replica while another serves it", () => {
  it("gets that runtime, and no other is taken for it", async () => {
    await harness.warmPool({ name: "waited", size: 1 });
    const [waiting, serving] = [await harness.startClaims("waiting"), await harness.startClaims("serving")];
    for (const runtime of await harness.runtimes({ pool: "waited" })) waiting.candidates.reserve(runtime);
    const request = claimRequest("waited", { idempotencyKey: "waited-key" });
    const late = waiting.claimer.claim({ ...request, waitMs: 60_000 });
    await expect.poll(() => waiting.queue.waitingOf(request.userUid)).toBe(1);
    const { name } = await serving.claimer.claim(request);
    // The refill is the first candidate of the one that waits.
    expect((await late).name).toBe(name);
    expect(harness.proxy.log.writes({ where: ({ client }) => client === "waiting" })).toEqual([]);
  });
});

describe("a key whose first replica cannot answer", () => {
  beforeAll(async () => {
    await harness.warmPool({ name: "retry", size: 3 });
  });

  it("gets the same runtime from another replica when the first is killed in the middle", async () => {
    const doomed = await harness.startReplica("doomed");
    const held = harness.proxy.inject({ ...claimsOf("doomed"), times: 1, act: hold("reply") });
    const unanswered = doomed.claim({ pool_name: "retry" }, "killed");
    unanswered.catch(() => undefined);
    await held.struck();
    await eventually(() => holders("killed").length === 1);
    await doomed.kill();
    const again = await leader.claim({ pool_name: "retry" }, "killed");
    expect(again.status).toBe(201);
    await expect.poll(() => holders("killed")).toEqual([again.body.runtime.pod_name]);
  });

  it("keeps what another replica answered with when the first, cut off from the API server, gives up", async () => {
    const cutOff = await harness.startReplica("cut-off");
    const held = harness.proxy.inject({ ...claimsOf("cut-off"), times: 1, act: hold("reply") });
    const first = cutOff.claim({ pool_name: "retry" }, "partition");
    await held.struck();
    cutOff.link.partition();
    await eventually(() => holders("partition").length === 1);
    const second = await leader.claim({ pool_name: "retry" }, "partition");
    expect(second.status).toBe(201);
    expect((await first).status).toBe(503);
    cutOff.link.heal();
    const third = await cutOff.claim({ pool_name: "retry" }, "partition");
    expect(third.body.runtime.pod_name).toBe(second.body.runtime.pod_name);
    await expect.poll(() => holders("partition")).toEqual([second.body.runtime.pod_name]);
  });
});
