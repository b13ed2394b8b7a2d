import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { hold } from "@datalayer/devcluster/testkit/fault-proxy";
import { beforeAll, describe, expect, it } from "vitest";
import { type Harness, startHarness, type TestReplica } from "../../test/harness.ts";
import type { Answer } from "../../test/test-replica.ts";

let cluster: Harness;
let first: TestReplica;
let second: TestReplica;

const settings = { DATALAYER_MAX_RUNTIMES_PER_USER: "1", DATALAYER_RUNTIME_ROUTES: "none" };

beforeAll(async () => {
  cluster = await startHarness();
  first = await cluster.startReplica("first", { settings });
  second = await cluster.startReplica("second", { settings });
  await cluster.warmPool({ name: "homes", size: 0 });
});

const launch = (replica: TestReplica, user: string): Promise<Answer> =>
  replica.claim({ pool_name: "homes", user_uid: user, capabilities: ["user_storage"] });
const wish = (replica: TestReplica, { body }: Answer, verb: "pause" | "resume"): Promise<Answer> =>
  replica.ask("POST", `/runtimes/${body.runtime.pod_name}/${verb}`);
const countOf = async (replica: TestReplica, user: string): Promise<unknown> =>
  ((await replica.ask("GET", `/users/${user}/quota`)).body["quota"] as { assigned: number }).assigned;
const counts = (user: string, assigned: number): Promise<unknown> =>
  eventually(
    async () =>
      (await Promise.all([first, second].map((one) => countOf(one, user)))).every((n) => n === assigned),
    { message: `both replicas counting ${assigned} of ${user}`, timeoutMs: 20_000 },
  );
const statuses = (answers: Answer[]): number[] => answers.map(({ status }) => status).toSorted();

/** Both replicas have found room before either writes what it wants to. */
const atOnce = async (
  verb: "create" | "patch",
  wishes: [() => Promise<Answer>, () => Promise<Answer>],
): Promise<Answer[]> => {
  const held = [first, second].map(({ name: client }) =>
    cluster.proxy.inject({ client, verb, resource: "persistentvolumeclaims", nth: 1, act: hold() }),
  );
  const answers = wishes.map((each) => each());
  await Promise.all(held.map((each) => each.struck()));
  for (const each of held) each.release();
  return Promise.all(answers);
};

describe("the quota of a user, and runtimes with a home", () => {
  it("counts one that has no Pod yet, until it is paused, and again once it resumes", async () => {
    // The Pods of this user are held back as if nothing could be created.
    const held = cluster.proxy.inject({
      verb: "create",
      resource: "pods",
      where: ({ body }) => body?.includes("carol") === true,
      act: hold(),
    });
    const one = await launch(first, "carol");
    expect(one.status).toBe(202);
    await counts("carol", 1);
    expect(await launch(second, "carol")).toMatchObject({ status: 403, body: { scope: "user", current: 1 } });
    expect((await wish(first, one, "pause")).status).toBe(202);
    held.remove();
    await counts("carol", 0);
    const two = await launch(second, "carol");
    expect(two.status).toBe(202);
    await counts("carol", 1);
    expect((await wish(first, one, "resume")).status).toBe(403);
    expect((await wish(first, two, "pause")).status).toBe(202);
    await counts("carol", 0);
    expect((await wish(first, one, "resume")).status).toBe(202);
    await counts("carol", 1);
    await first.ask("DELETE", `/runtimes/${one.body.runtime.pod_name}`);
    await first.ask("DELETE", `/runtimes/${two.body.runtime.pod_name}`);
  });

  it("lets one of two replicas launch when both do at once, and removes what the other made", async () => {
    const answers = await atOnce("create", [() => launch(first, "bob"), () => launch(second, "bob")]);
    expect(statuses(answers)).toEqual([202, 403]);
    await counts("bob", 1);
  });

  it("lets one of two replicas resume when both do at once, and leaves the other paused", async () => {
    const one = await launch(first, "eve");
    await wish(first, one, "pause");
    await counts("eve", 0);
    const two = await launch(first, "eve");
    await wish(first, two, "pause");
    await counts("eve", 0);
    const answers = await atOnce("patch", [
      () => wish(first, one, "resume"),
      () => wish(second, two, "resume"),
    ]);
    expect(statuses(answers)).toEqual([202, 403]);
    await counts("eve", 1);
    const shown = await Promise.all(
      [one, two].map(({ body }) => first.ask("GET", `/runtimes/${body.runtime.pod_name}`)),
    );
    expect(shown.filter(({ body }) => body.runtime.state === "paused")).toHaveLength(1);
  });
});
