import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { answer, hold, type ProxiedRequest } from "@datalayer/devcluster/testkit/fault-proxy";
import { ConfigMap, Pod } from "@datalayer/shared/kube/kinds";
import { pointer } from "@datalayer/shared/kube/json-patch";
import { beforeAll, describe, expect, it } from "vitest";
import { type Harness, startHarness, type TestReplica } from "../../test/harness.ts";
import { lettingGo, usage } from "../../test/usage.ts";
import { planAppend, segmentManifest } from "../end-of-life/usage-segments.ts";
import type { UsageRecord } from "../end-of-life/usage-record.ts";
import { annotation } from "../runtime/names.ts";

let harness: Harness;
let leader: TestReplica;

beforeAll(async () => {
  harness = await startHarness();
  // Three hundred records of before, the first hundred of which are not kept any more.
  for (const last of [100, 200]) {
    const records = Array.from({ length: 100 }, (_, index) =>
      usage(`old-${last + index + 1}`, { ended_at: String(last + index + 1) }),
    );
    await harness.admin.create(ConfigMap, segmentManifest(harness.namespace, planAppend(last, records)));
  }
  leader = await harness.startReplica("leader");
  await harness.warmPool({ name: "pool", size: 2, burningRate: 10 });
});

interface UsageAnswer {
  usage: UsageRecord[];
  continue: string;
  more: boolean;
}

async function usagePage(query: string, replica = leader): Promise<UsageAnswer> {
  const { status, body } = await replica.ask("GET", `/usage?${query}`);
  expect(status).toBe(200);
  return body as unknown as UsageAnswer;
}

async function claim(body: Record<string, unknown> = {}): Promise<string> {
  return (await leader.claimed({ pool_name: "pool", ...body })).pod_name;
}

async function recordsOf(podName: string, replica = leader): Promise<UsageRecord[]> {
  const { usage: records } = await usagePage("continue=300&limit=1000", replica);
  return records.filter((record) => record.pod_name === podName);
}

async function gone(podName: string): Promise<void> {
  await eventually(async () => (await harness.runtime(podName)) === undefined, {
    message: `${podName} being gone`,
    timeoutMs: 20_000,
  });
}

describe("GET /usage", () => {
  it("answers page by page, in the order of recording", async () => {
    const first = await usagePage("limit=150");
    expect(first).toMatchObject({ continue: "250", more: true });
    expect(first.usage[0]).toEqual(usage("old-101", { ended_at: "101" }));
    const second = await usagePage(`limit=150&continue=${first.continue}`);
    expect(second.usage.map(({ id }) => id).slice(0, 50)).toEqual(
      Array.from({ length: 50 }, (_, index) => `old-${251 + index}`),
    );
    expect(second.more).toBe(false);
  });

  it("answers what ended since a time, or belongs to a user or a reservation", async () => {
    const name = await claim({ user_uid: "user-9", reservation_id: "res-9" });
    await leader.ask("DELETE", `/runtimes/${name}?reason=${encodeURIComponent("done for today")}`);
    await gone(name);
    const before = Math.floor(Date.now() / 1000) - 60;
    const expected = { pod_name: name, reason: "Deleted", reason_detail: "done for today" };
    for (const query of [`since=${before}`, "user_uid=user-9", "reservation_id=res-9"]) {
      expect((await usagePage(query)).usage).toMatchObject([expected]);
    }
    expect((await usagePage(`since=${before}&user_uid=nobody`)).usage).toEqual([]);
  });

  it("says which token to go on with when records were dropped", async () => {
    const { status, body } = await leader.ask("GET", "/usage?continue=42");
    expect(status).toBe(410);
    expect(body).toMatchObject({
      continue: "100",
      type: expect.stringContaining("#usage-dropped") as string,
    });
    expect((await usagePage("continue=100&limit=1")).usage).toMatchObject([{ id: "old-101" }]);
  });

  it.each([
    ["continue=-1", 422],
    ["continue=abc", 422],
    ["limit=0", 422],
    ["limit=1001", 422],
    ["since=-1", 422],
    ["since=yesterday", 400],
  ])("refuses ?%s", async (query, expected) => {
    const { status, body } = await leader.ask("GET", `/usage?${query}`);
    expect(status).toBe(expected);
    expect(body["errors"]).toMatchObject([{ in: "query" }]);
  });

  it("is answered alike by a replica that does not lead", async () => {
    const other = await harness.startReplica("follower");
    const name = await claim();
    await leader.ask("DELETE", `/runtimes/${name}`);
    await gone(name);
    const [record] = await eventually(async () => {
      const found = await recordsOf(name, other);
      return found.length > 0 && found;
    });
    expect(await recordsOf(name)).toEqual([record]);
    await other.stop();
  });
});

describe("a change of a runtime that is ending", () => {
  const endsIn = (seconds: number): string => String(Math.floor(Date.now() / 1000) + seconds);

  it("comes too late once its end is written, and the runtime goes with that reason", async () => {
    const name = await claim({ credits_limit: 10_000 });
    const hold = harness.proxy.inject({
      client: "leader",
      verb: "delete",
      resource: "pods",
      name,
      act: answer(503),
    });
    const ref = { namespace: harness.namespace, name };
    const path = pointer("metadata", "annotations", annotation.expiredAt);
    await harness.admin.patch(Pod, ref, [{ op: "replace", path, value: endsIn(-1) }]);
    await eventually(async () => (await harness.runtime(name))?.end?.reason === "CreditsUsedUp");
    const { status, body } = await leader.ask("PUT", `/runtimes/${name}`, {
      body: { credits_limit: 20_000 },
    });
    expect(status).toBe(409);
    expect(body.type).toContain("#runtime-ending");
    hold.remove();
    await gone(name);
    expect(await recordsOf(name)).toMatchObject([{ reason: "CreditsUsedUp" }]);
  });

  it("comes in time when the leader has not seen it yet: the expiry that it decided on is tested", async () => {
    const name = await claim({ credits_limit: 10_000 });
    const writesEnd = ({ body }: ProxiedRequest): boolean => body?.includes("end-reason") === true;
    const rule = { client: "leader", verb: "patch", resource: "pods", name, where: writesEnd } as const;
    const held = harness.proxy.inject({ ...rule, times: 1, act: hold() });
    const ref = { namespace: harness.namespace, name };
    const path = pointer("metadata", "annotations", annotation.expiredAt);
    await harness.admin.patch(Pod, ref, [{ op: "replace", path, value: endsIn(-1) }]);
    await held.struck();
    // Until the leader's patch arrives, the runtime gets more credits.
    expect((await leader.ask("PUT", `/runtimes/${name}`, { body: { credits_limit: 20_000 } })).status).toBe(
      200,
    );
    held.release();
    await eventually(() =>
      harness.proxy.log.some((one) => one.name === name && writesEnd(one) && one.upstreamStatus === 422),
    );
    expect(await harness.runtime(name)).toMatchObject({ terminating: false, end: undefined });
    await leader.ask("DELETE", `/runtimes/${name}`);
  });

  it("that gives more credits moves its end at once, and one that takes them brings it", async () => {
    const name = await claim({ credits_limit: 30 });
    expect((await leader.ask("PUT", `/runtimes/${name}`, { body: { credits_limit: 20_000 } })).status).toBe(
      200,
    );
    const { expiredAt, startedAt } = (await harness.runtime(name))!.assignment!;
    expect(expiredAt! - startedAt).toBe(2_000);
    // Another one that was to end later than this one was at first.
    const later = await claim({ credits_limit: 40 });
    await gone(later);
    expect((await harness.runtime(name))?.terminating).toBe(false);
    await leader.ask("PUT", `/runtimes/${name}`, { body: { credits_limit: 10 } });
    await gone(name);
    expect(await recordsOf(name)).toMatchObject([{ reason: "CreditsUsedUp" }]);
  });
});

describe("usage", () => {
  it("is recorded once when the leader dies between storing it and letting the Pod go", async () => {
    const name = await claim();
    const fault = harness.proxy.inject({ ...lettingGo(name), act: answer(500) });
    await leader.ask("DELETE", `/runtimes/${name}`);
    await fault.struck();
    await leader.kill();
    await harness.expireLease("leader");
    leader = await harness.startReplica("successor");
    await gone(name);
    expect(await recordsOf(name)).toHaveLength(1);
  });
});
