import { type FaultHandle, hold } from "@datalayer/devcluster/testkit/fault-proxy";
import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { beforeAll, describe, expect, it } from "vitest";
import { type Harness, startHarness, type TestReplica } from "../../test/harness.ts";
import { homeFacts, untilAtRest } from "../../test/home-state.ts";
import type { PodHistory } from "../../test/pod-history.ts";
import type { Answer } from "../../test/test-replica.ts";
import type { UsageRecord } from "../end-of-life/usage-record.ts";

let cluster: Harness;
let one: TestReplica;
let two: TestReplica;
let history: PodHistory;

beforeAll(async () => {
  cluster = await startHarness();
  one = await cluster.startReplica("one");
  two = await cluster.startReplica("two");
  history = await cluster.record();
  await cluster.warmPool({ name: "python", size: 0, burningRate: 1 });
});

const launch = async (reservation: string, fields: Record<string, unknown> = {}): Promise<string> => {
  const { body } = await one.claim({
    environment_name: "python",
    capabilities: ["user_storage"],
    reservation_id: reservation,
    ...fields,
  });
  await untilAtRest(cluster, reservation, "running");
  return body.runtime.pod_name;
};

const pause = (replica: TestReplica, name: string): Promise<Answer> =>
  replica.ask("POST", `/runtimes/${name}/pause`);
const resume = (replica: TestReplica, name: string): Promise<Answer> =>
  replica.ask("POST", `/runtimes/${name}/resume`);
const end = (replica: TestReplica, name: string): Promise<Answer> =>
  replica.ask("DELETE", `/runtimes/${name}`);

const podsEverOf = (name: string): number =>
  [...history.lives.values()].filter((life) => life.name === name).length;

const endsOf = async (name: string): Promise<string[]> => {
  const { body } = await one.ask("GET", "/usage?limit=1000");
  return (body["usage"] as UsageRecord[])
    .filter(({ pod_name }) => pod_name === name)
    .map(({ reason }) => reason);
};

/** Keeps the next patch of homes that a replica sends, before the API server sees it. */
const holdWish = (client: TestReplica): FaultHandle =>
  cluster.proxy.inject({
    client: client.name,
    verb: "patch",
    resource: "persistentvolumeclaims",
    nth: 1,
    act: hold(),
  });

type Wish = (replica: TestReplica, name: string) => Promise<Answer>;

/** Both replicas have decided on what they read before either wrote; then the first one's patch comes first. */
const atOnce = async (name: string, first: Wish, second: Wish): Promise<[Answer, Answer]> => {
  const [ofOne, ofTwo] = [holdWish(one), holdWish(two)];
  const [early, late] = [first(one, name), second(two, name)];
  await Promise.all([ofOne.struck(), ofTwo.struck()]);
  ofOne.release();
  const answer = await early;
  ofTwo.release();
  return [answer, await late];
};

describe("of two wishes at once on two replicas", () => {
  it("two pauses pause it once, and two resumes give it one Pod", async () => {
    const name = await launch("twice");
    const pauses = await atOnce(name, pause, pause);
    expect(pauses.map(({ status }) => status)).toEqual([202, 202]);
    await untilAtRest(cluster, "twice", "paused");
    expect(await endsOf(name)).toHaveLength(1);

    const resumes = await atOnce(name, resume, resume);
    expect(resumes.map(({ status }) => status)).toEqual([202, 202]);
    await untilAtRest(cluster, "twice", "running");
    expect(podsEverOf(name)).toBe(2);
    expect(await endsOf(name)).toHaveLength(1);
  });

  it.each([
    ["paused-first", pause, end, [202, 200]],
    ["ended-first", end, pause, [200, 404]],
  ] as const)(
    "a pause and a DELETE end it with its files (%s)",
    async (reservation, first, second, statuses) => {
      const name = await launch(reservation);
      const answers = await atOnce(name, first, second);
      expect(answers.map(({ status }) => status)).toEqual(statuses);
      await untilAtRest(cluster, reservation, "ended");
      expect(podsEverOf(name)).toBe(1);
      expect(await endsOf(name)).toHaveLength(1);
    },
  );

  it.each([
    ["resumed-first", resume, end, [202, 200]],
    ["gone-first", end, resume, [200, 404]],
  ] as const)(
    "a resume and a DELETE end it with its files (%s)",
    async (reservation, first, second, statuses) => {
      const name = await launch(reservation);
      await pause(one, name);
      await untilAtRest(cluster, reservation, "paused");
      const answers = await atOnce(name, first, second);
      expect(answers.map(({ status }) => status)).toEqual(statuses);
      await untilAtRest(cluster, reservation, "ended");
    },
  );
});

describe("a pause and the end of the credits at once", () => {
  it.each([
    ["paused-in-time", true],
    ["paused-late", false],
  ])("leave it paused without credits, with one usage (%s)", async (reservation, isPausedFirst) => {
    // The leader has found that the credits are used up; what it writes about that waits.
    const held = cluster.proxy.inject({
      verb: "patch",
      resource: "pods",
      where: ({ body }) => body?.includes("CreditsUsedUp") === true,
      act: hold(),
    });
    const name = await launch(reservation, { credits_limit: 4 });
    await held.struck();
    if (isPausedFirst) expect((await pause(two, name)).status).toBe(202);
    held.remove();
    if (!isPausedFirst) {
      const isEnding = async (): Promise<boolean> => {
        const [pod] = (await homeFacts(cluster, reservation)).pods;
        return pod?.end !== undefined || pod === undefined;
      };
      await eventually(isEnding, { message: "the runtime ending" });
      expect((await pause(two, name)).status).toBe(202);
    }
    await untilAtRest(cluster, reservation, "paused");
    expect(podsEverOf(name)).toBe(1);
    expect(await endsOf(name)).toHaveLength(1);
    const refused = await resume(two, name);
    expect(refused.status).toBe(409);
    expect(refused.body.type).toContain("credits-used-up");
    expect(await end(two, name)).toMatchObject({ status: 200 });
    await untilAtRest(cluster, reservation, "ended");
  });
});
