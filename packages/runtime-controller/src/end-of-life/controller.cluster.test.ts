import { createHash } from "node:crypto";
import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { answer, hold, type ProxiedRequest } from "@datalayer/devcluster/testkit/fault-proxy";
import { Pod } from "@datalayer/shared/kube/kinds";
import { type Logger, silentLogger } from "@datalayer/shared/log/logger";
import { beforeAll, describe, expect, it } from "vitest";
import { assignment } from "../../test/assignment.ts";
import { type Harness, startHarness, type TestReplica } from "../../test/harness.ts";
import type { PodHistory } from "../../test/pod-history.ts";
import { lettingGo } from "../../test/usage.ts";
import { claimPatch } from "../claim/claim-patch.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { UsageRecord } from "./usage-record.ts";

let harness: Harness;
let history: PodHistory;
let leader: TestReplica;
const usages: UsageRecord[] = [];
/** Keeps what is recorded as usage. */
const log: Logger = {
  ...silentLogger,
  child: () => log,
  info: (_, fields) => {
    if (fields?.["usage"]) usages.push(fields["usage"] as UsageRecord);
  },
};

beforeAll(async () => {
  harness = await startHarness();
  history = await harness.record();
  leader = await harness.startReplica("leader", { log });
  await harness.warmPool({ name: "pool", size: 3, burningRate: 10 });
});

const usageOf = (podName: string): UsageRecord[] => usages.filter((usage) => usage.pod_name === podName);
const lifeOf = (podName: string) => [...history.lives.values()].find(({ name }) => name === podName);
async function gone(podName: string): Promise<void> {
  await eventually(() => lifeOf(podName)?.gone, { message: `${podName} being gone` });
}

async function claim(body: Record<string, unknown> = {}): Promise<string> {
  return (await leader.claimed({ pool_name: "pool", ...body })).pod_name;
}

/** Claims the Pod past every replica, as one that dies before it can take back what is too much. */
async function claimBehindTheirBacks(runtime: Runtime, key: string, startedAt: number): Promise<void> {
  const claimKey = createHash("sha256").update(key).digest("hex").slice(0, 40);
  const claimed = assignment({ claimId: runtime.ulid, claimKey, startedAt });
  await harness.admin.patch(Pod, runtime, claimPatch(runtime, claimed));
}

describe("an assigned runtime", () => {
  it("that its user ends goes once its usage is recorded", async () => {
    const name = await claim({ user_uid: "user-7", reservation_id: "res-7" });
    await leader.ask("DELETE", `/runtimes/${name}`);
    await gone(name);
    expect(usageOf(name)).toMatchObject([
      {
        pod_name: name,
        user_uid: "user-7",
        reservation_id: "res-7",
        pool_name: "pool",
        environment_name: "pool",
        reason: "Deleted",
      },
    ]);
    expect(await leader.counter("datalayer_runtime_used_seconds_total")).toBeGreaterThanOrEqual(0);
  });

  it("is recorded once even if its finalizer cannot be removed at once", async () => {
    const name = await claim();
    const fault = harness.proxy.inject({ ...lettingGo(name), times: 2, act: answer(500) });
    await leader.ask("DELETE", `/runtimes/${name}`);
    await gone(name);
    expect(fault.hits).toBe(2);
    expect(usageOf(name)).toHaveLength(1);
  });

  it("ends when its credits are used up", async () => {
    const name = await claim({ credits_limit: 10 });
    const { assignment: claimed } = (await harness.runtime(name))!;
    expect(claimed!.expiredAt! - claimed!.startedAt).toBe(1);
    await gone(name);
    const [usage, ...more] = usageOf(name);
    expect(more).toEqual([]);
    expect(usage).toMatchObject({ credits: usage!.seconds * 10, reason: "CreditsUsedUp" });
    expect(usage!.seconds).toBeGreaterThanOrEqual(1);
  });

  it("ends when its Pod has failed, with the usage until then", async () => {
    const name = await claim();
    const runtime = (await harness.runtime(name))!;
    const finishedAt = new Date((runtime.assignment!.startedAt + 7) * 1000).toISOString();
    const state = { terminated: { exitCode: 137, reason: "Evicted", finishedAt } };
    const path = "/status/containerStatuses/0/state";
    await harness.admin.patch(
      Pod,
      runtime,
      [
        { op: "replace", path, value: state },
        { op: "replace", path: "/status/phase", value: "Failed" },
      ],
      { subresource: "status" },
    );
    await gone(name);
    expect(usageOf(name)).toMatchObject([{ seconds: 7, credits: 70, reason: "PodEnded" }]);
  });

  it("that is warm goes without usage", async () => {
    const [warm] = await harness.available("pool", 3);
    await harness.admin.delete(Pod, warm!, { uid: warm!.uid });
    await gone(warm!.name);
    expect(usageOf(warm!.name)).toEqual([]);
  });
});

describe("a second runtime of a claim key", () => {
  it("is ended by the leader when its replica died, and the first stays", async () => {
    const [first, second] = await harness.available("pool", 3);
    const longAgo = Math.floor(Date.now() / 1000) - 60;
    await claimBehindTheirBacks(first!, "doubled", longAgo);
    await claimBehindTheirBacks(second!, "doubled", longAgo);
    await gone(second!.name);
    expect(usageOf(second!.name)).toEqual([]);
    expect((await harness.runtime(first!.name))?.terminating).toBe(false);
  });

  it("is ended by a leader that was not there when it was claimed", async () => {
    const [first, second] = await harness.available("pool", 3);
    await leader.stop();
    const longAgo = Math.floor(Date.now() / 1000) - 60;
    await claimBehindTheirBacks(first!, "before-its-time", longAgo);
    await claimBehindTheirBacks(second!, "before-its-time", longAgo);
    leader = await harness.startReplica("next-leader", { log });
    await gone(second!.name);
    expect(usageOf(second!.name)).toEqual([]);
    expect((await harness.runtime(first!.name))?.terminating).toBe(false);
  });

  it("ends with the first, long before its own time would come", async () => {
    const [first, second] = await harness.available("pool", 3);
    const now = Math.floor(Date.now() / 1000) + 3_600;
    await claimBehindTheirBacks(first!, "ended-early", now);
    await claimBehindTheirBacks(second!, "ended-early", now);
    await harness.admin.delete(Pod, first!, { uid: first!.uid });
    await gone(first!.name);
    await gone(second!.name);
    expect([usageOf(first!.name), usageOf(second!.name)]).toEqual([[expect.anything()], []]);
  });

  it("ends with the first, for a leader that was there for none of this", async () => {
    const [first, second] = await harness.available("pool", 3);
    await leader.stop();
    const now = Math.floor(Date.now() / 1000) + 3_600;
    await claimBehindTheirBacks(first!, "ended-unseen", now);
    await claimBehindTheirBacks(second!, "ended-unseen", now);
    await harness.admin.delete(Pod, first!, { uid: first!.uid });
    leader = await harness.startReplica("third-leader", { log });
    await gone(first!.name);
    await gone(second!.name);
    expect([usageOf(first!.name), usageOf(second!.name)]).toEqual([[expect.anything()], []]);
  });

  it("ends with the first, also when it comes while the usage of that is written", async () => {
    const [first, second] = await harness.available("pool", 3);
    const now = Math.floor(Date.now() / 1000) + 3_600;
    await claimBehindTheirBacks(first!, "ended-late", now);
    const isUsage = ({ body }: ProxiedRequest): boolean => body?.includes(first!.name) === true;
    const written = { client: leader.name, resource: "configmaps", where: isUsage } as const;
    const held = harness.proxy.inject({ ...written, times: 1, act: hold() });
    await harness.admin.delete(Pod, first!, { uid: first!.uid });
    await held.struck();
    await claimBehindTheirBacks(second!, "ended-late", now);
    const shown = async () => (await leader.ask("GET", `/runtimes/${second!.name}`)).status;
    await expect.poll(shown).toBe(200);
    held.release();
    await gone(first!.name);
    await gone(second!.name);
    expect([usageOf(first!.name), usageOf(second!.name)]).toEqual([[expect.anything()], []]);
  });

  it("stays when the first had gone before: the key was used anew", async () => {
    const [first, second] = await harness.available("pool", 3);
    const longAgo = Math.floor(Date.now() / 1000) - 60;
    await claimBehindTheirBacks(first!, "anew", longAgo);
    await harness.admin.delete(Pod, first!, { uid: first!.uid });
    await gone(first!.name);
    await claimBehindTheirBacks(second!, "anew", longAgo);
    // The leader has looked at it when it has let go another that was claimed later.
    const later = await claim({ credits_limit: 10 });
    await gone(later);
    expect((await harness.runtime(second!.name))?.terminating).toBe(false);
  });
});
