import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { freezeWatch } from "@datalayer/devcluster/testkit/fault-proxy";
import { beforeAll, describe, expect, it } from "vitest";
import { type Harness, startHarness, type TestReplica } from "../../test/harness.ts";

let cluster: Harness;
let first: TestReplica;
let second: TestReplica;

const limit = 2;
const settings = { DATALAYER_MAX_RUNTIMES_PER_USER: String(limit) };

beforeAll(async () => {
  cluster = await startHarness();
  first = await cluster.startReplica("first", { settings });
  second = await cluster.startReplica("second", { settings });
  await cluster.warmPool({ name: "pool", size: 8 });
});

const heldBy = async (user: string): Promise<number> =>
  (await cluster.runtimes({ state: "assigned" })).filter(({ assignment }) => assignment?.userUid === user)
    .length;

/** Waits until both replicas offer runtimes again. */
async function refilled(): Promise<void> {
  await cluster.available("pool", 8);
  for (const replica of [first, second])
    await eventually(
      async () =>
        ((await replica.ask("GET", "/pools")).body.pools as { available: number }[])[0]?.available === 8,
      { message: `${replica.name} having seen the refill` },
    );
}

describe("a user with a quota", () => {
  it("is refused beyond it, and told how many it has", async () => {
    for (let claims = 0; claims < limit; claims++)
      expect(await first.claim({ pool_name: "pool", user_uid: "ada" })).toMatchObject({ status: 201 });
    expect(await first.claim({ pool_name: "pool", user_uid: "ada" })).toMatchObject({
      status: 403,
      body: {
        type: expect.stringMatching(/#quota-exceeded$/) as string,
        scope: "user",
        limit,
        current: limit,
      },
    });
    expect((await first.ask("GET", "/users/ada/quota")).body.quota).toEqual({
      user_uid: "ada",
      assigned: limit,
      limit,
      waiting: 0,
    });
  });

  it("gets the runtime of its key again, and may claim anew when one has ended", async () => {
    const claim = () => first.claim({ pool_name: "pool", user_uid: "bob" }, "key-of-bob");
    const { body } = await claim();
    await first.claim({ pool_name: "pool", user_uid: "bob" });
    expect(await claim()).toMatchObject({ status: 201, body: { runtime: { uid: body.runtime.uid } } });
    await first.ask("DELETE", `/runtimes/${body.runtime.pod_name}`);
    await eventually(async () => (await first.claim({ pool_name: "pool", user_uid: "bob" })).status === 201, {
      message: "a claim after the end of another",
    });
  });

  it("claims many at once on one replica, and takes no Pod beyond its quota", async () => {
    await refilled();
    const claims = { client: "first", verb: "patch", resource: "pods" } as const;
    const before = cluster.proxy.log.select(claims).length;
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => first.claim({ pool_name: "pool", user_uid: "eve" })),
    );
    expect(answers.map(({ status }) => status).toSorted()).toEqual([201, 201, 403, 403, 403, 403]);
    const made = cluster.proxy.log.select(claims).slice(before);
    expect(made.filter(({ body }) => body?.includes("claim-id"))).toHaveLength(limit);
  });

  it.each([
    ["with keys", true],
    ["without", false],
  ])("claims on two replicas at once, %s, and keeps no more than its quota", async (_, keyed) => {
    await refilled();
    const user = keyed ? "mia" : "zoe";
    const answers = await Promise.all(
      Array.from({ length: 2 * limit }, (__, index) =>
        (index % 2 ? first : second).claim(
          { pool_name: "pool", user_uid: user },
          keyed ? `key-${index}` : undefined,
        ),
      ),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(limit);
    expect(answers.filter(({ status }) => status === 403)).toHaveLength(limit);
    await eventually(async () => (await heldBy(user)) === limit, {
      message: "what is beyond being given back",
    });
  });

  it("does not pass it when a replica has not seen the other's claims before its own", async () => {
    await refilled();
    const watch = { client: "second", verb: "watch", resource: "pods" } as const;
    const frozen = cluster.proxy.inject({ ...watch, act: freezeWatch() });
    await expect.poll(() => frozen.hits).toBeGreaterThan(0);
    for (let claims = 0; claims < limit; claims++)
      expect(await first.claim({ pool_name: "pool", user_uid: "kim" })).toMatchObject({ status: 201 });
    const late = second.claim({ pool_name: "pool", user_uid: "kim" });
    await eventually(async () => (await heldBy("kim")) > limit, {
      message: "the second replica having claimed",
    });
    frozen.remove();
    expect(await late).toMatchObject({ status: 403 });
    await eventually(async () => (await heldBy("kim")) === limit, {
      message: "the third one being given back",
    });
  });
});
