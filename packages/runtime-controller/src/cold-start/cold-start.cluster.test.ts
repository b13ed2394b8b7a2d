import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { answer, dropAfter, hold, type ProxiedRequest } from "@datalayer/devcluster/testkit/fault-proxy";
import { Pod } from "@datalayer/shared/kube/kinds";
import { beforeAll, describe, expect, it } from "vitest";
import { type Harness, startHarness, type TestReplica } from "../../test/harness.ts";
import type { Assignment } from "../runtime/runtime.ts";
import type { Answer } from "../../test/test-replica.ts";

let cluster: Harness;
let leader: TestReplica;
let second: TestReplica;

beforeAll(async () => {
  cluster = await startHarness();
  const settings = { DATALAYER_COLD_START_WITHIN_SECONDS: "10" };
  leader = await cluster.startReplica("leader", { settings });
  second = await cluster.startReplica("second", { settings });
  await cluster.warmPool({ name: "pool", size: 0 });
  await cluster.warmPool({ name: "nowhere", size: 0, nodeSelector: { "example.com/none": "true" } });
});

const small = { pool_name: "pool", user_uid: "ada", size_class: "small", credits_limit: 8 };

/** Claims with a key, and waits for the start unless told otherwise. */
const claim = (
  replica: TestReplica,
  key: string,
  body: object = small,
  prefer = "wait=20",
): Promise<Answer> =>
  replica.ask("POST", "/runtimes", { body, headers: { "idempotency-key": key, ...(prefer && { prefer }) } });

const isCold = ({ body }: ProxiedRequest): boolean => body?.includes("start-deadline") === true;
const posts = (client: string) => ({ client, verb: "create", resource: "pods", where: isCold }) as const;

describe("a claim of a size", () => {
  it("gets a runtime of its own, assigned from its first moment, whose time begins when it serves", async () => {
    const history = await cluster.record();
    const { status, body, headers } = await claim(leader, "size");
    expect({ status, ...headers }).toMatchObject({ status: 201, "preference-applied": "wait=20" });
    expect(body.runtime).toMatchObject({ state: "assigned", burning_rate: 0.0008, pool_name: "pool" });
    expect(Number(body.runtime.expired_at) - Number(body.runtime.started_at)).toBe(10_000);
    const name = body.runtime.pod_name;
    const pod = await cluster.admin.get(Pod, { namespace: cluster.namespace, name });
    expect(pod.spec?.containers[0]?.resources).toMatchObject({
      requests: { cpu: "1", memory: "2Gi" },
      limits: { cpu: "1", memory: "2Gi" },
    });
    expect(pod.metadata.ownerReferences).toBeUndefined();
    expect(history.held().map((each) => each.name)).toContain(name);
    await history.stop();
  });

  it("is answered with 202 while the runtime starts, and shown as pending", async () => {
    const { status, body, headers } = await claim(
      leader,
      "nobody-waits",
      { ...small, pool_name: "nowhere" },
      "",
    );
    expect(status).toBe(202);
    expect(headers).toMatchObject({
      location: `/api/operator/v1/runtimes/${body.runtime.pod_name}`,
      "retry-after": "5",
    });
    const { pod_name: name } = body.runtime;
    const told = await eventually(async () => {
      const { runtime } = (await leader.ask("GET", `/runtimes/${name}`)).body;
      expect(runtime.state).toBe("pending");
      return runtime.state_detail;
    });
    expect(told).toContain(`Pod ${name}: 0/`);
  });

  it("is told why its runtime does not start, which is ended", async () => {
    const { status, body } = await claim(leader, "unschedulable", { ...small, pool_name: "nowhere" });
    expect(status).toBe(503);
    expect(body).toMatchObject({
      reason: "start-failed",
      detail: expect.stringContaining("has not started") as string,
    });
    const podName = /runtime-\w{26}/.exec(body.detail)![0];
    const { end, terminating } = (await cluster.runtime(podName)) ?? { terminating: true };
    expect(terminating).toBe(true);
    if (end) expect(end.reason).toBe("StartFailed");
  });

  it.each([
    ["an unknown class", { size_class: "huge" }, 'size_class: "huge" is not one of small, medium, large'],
    ["more than the environment allows", { resources: { cpu: "4" } }, "out of the range"],
    ["what is no quantity", { resources: { memory: "lots" } }, '"lots" is not'],
    ["both ways at once", { size_class: "small", resources: { cpu: "5m" } }, "not both"],
  ])("is refused for %s", async (_, wanted, detail) => {
    const { status, body } = await leader.ask("POST", "/runtimes", {
      body: { pool_name: "pool", user_uid: "ada", ...wanted },
    });
    expect(status).toBe(422);
    expect(body.detail).toContain(detail);
  });

  it("may name resources within the range of the environment", async () => {
    const body = { pool_name: "pool", user_uid: "ada", resources: { cpu: "5m" } };
    expect(await claim(leader, "resources", body)).toMatchObject({ status: 201 });
  });
});

describe("a claim of a size with a key", () => {
  it("gets one runtime from two replicas at once", async () => {
    const answers = await Promise.all(
      [leader, second, leader, second].map((replica) => claim(replica, "twice")),
    );
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201]);
    expect(new Set(answers.map(({ body }) => body.runtime.uid)).size).toBe(1);
  });

  it("recognises its own Pod when the answer to the POST is lost", async () => {
    const before = cluster.proxy.log.select(posts("second")).length;
    const lost = cluster.proxy.inject({ ...posts("second"), times: 1, act: dropAfter() });
    const { status, body } = await claim(second, "lost");
    expect(lost.hits).toBe(1);
    expect(status).toBe(201);
    const sent = cluster.proxy.log.select(posts("second")).slice(before);
    expect(sent.map(({ upstreamStatus }) => upstreamStatus)).toEqual([201, 409]);
    expect((await claim(leader, "lost")).body.runtime.uid).toBe(body.runtime.uid);
  });

  it("sends the POST again where the API server has no time, and creates one Pod", async () => {
    cluster.proxy.inject({ ...posts("second"), times: 2, act: answer(503) });
    expect(await claim(second, "busy")).toMatchObject({ status: 201 });
  });
});

describe("credits that are changed at the moment in which a runtime begins to serve", () => {
  const begins = ({ body = "" }: ProxiedRequest): boolean =>
    body.includes('"remove"') && body.includes("start-deadline");
  const raises = ({ body = "" }: ProxiedRequest): boolean =>
    body.includes("expired-at") && !body.includes("start-deadline");
  const patches = (client: string) => ({ client, verb: "patch", resource: "pods", nth: 1 }) as const;
  const raise = (name: string): Promise<Answer> =>
    second.ask("PUT", `/runtimes/${name}`, { body: { credits_limit: 16 } });
  const begun = (name: string): Promise<Assignment> =>
    eventually(
      async () => {
        const assignment = (await cluster.runtime(name))?.assignment;
        return assignment?.startDeadline === undefined && assignment;
      },
      { message: "the runtime serving", timeoutMs: 20_000 },
    );
  /** Its time will begin a second after its claim or later, however quick the cluster is. */
  const claimEarly = async (key: string): Promise<string> => {
    const held = cluster.proxy.inject({ ...posts("second"), act: hold() });
    const claimed = claim(second, key, small, "");
    await held.struck();
    const struckMs = Date.now();
    await eventually(() => Date.now() - struckMs > 1_000, { message: "a second having passed" });
    held.remove();
    return (await claimed).body.runtime.pod_name;
  };

  it("count, though the start was decided on before", async () => {
    const begin = cluster.proxy.inject({ ...patches("leader"), where: begins, act: hold() });
    const name = await claimEarly("raised-first");
    await begin.struck();
    expect((await raise(name)).status).toBe(200);
    begin.release();
    const { startedAt, expiredAt } = await begun(name);
    expect(expiredAt! - startedAt).toBe(20_000);
  });

  it("count from the start, though they were decided on before", async () => {
    const begin = cluster.proxy.inject({ ...patches("leader"), where: begins, act: hold() });
    const change = cluster.proxy.inject({ ...patches("second"), where: raises, act: hold() });
    const name = await claimEarly("begun-first");
    await begin.struck();
    const raised = raise(name);
    await change.struck();
    begin.release();
    await begun(name);
    change.release();
    expect((await raised).status).toBe(200);
    const { startedAt, expiredAt } = await begun(name);
    expect(expiredAt! - startedAt).toBe(20_000);
  });
});
