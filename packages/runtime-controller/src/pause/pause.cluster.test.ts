import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { hold } from "@datalayer/devcluster/testkit/fault-proxy";
import { ApiError } from "@datalayer/shared/kube/api-error";
import { PersistentVolumeClaim, Pod, Secret } from "@datalayer/shared/kube/kinds";
import { beforeAll, describe, expect, it } from "vitest";
import { apiKey, type Harness, startHarness, type TestReplica } from "../../test/harness.ts";
import type { UsageRecord } from "../end-of-life/usage-record.ts";
import type { RuntimeView } from "../http/schemas.ts";
import { annotation, label } from "../runtime/names.ts";
import type { Runtime } from "../runtime/runtime.ts";

let cluster: Harness;
let replica: TestReplica;

beforeAll(async () => {
  cluster = await startHarness();
  replica = await cluster.startReplica("one", {
    settings: {
      DATALAYER_RUNTIMES_URL: "https://r1.example",
      // Other files of tests may have brought the kind, and nobody serves it here.
      DATALAYER_RUNTIME_ROUTES: "none",
      DATALAYER_COLD_START_WITHIN_SECONDS: "15",
    },
  });
  await cluster.warmPool({ name: "python", size: 0, burningRate: 0.5 });
  await cluster.warmPool({ name: "nowhere", size: 0, nodeSelector: { "example.com/none": "true" } });
});

const launch = async (body: Record<string, unknown> = {}): Promise<RuntimeView> => {
  const answer = await replica.claim({
    environment_name: "python",
    capabilities: ["user_storage"],
    ...body,
  });
  expect(answer.body).toMatchObject({ success: true });
  expect(answer.status).toBe(202);
  expect(answer.headers).toMatchObject({
    location: `/api/operator/v1/runtimes/${answer.body.runtime.pod_name}`,
    "retry-after": "5",
  });
  return answer.body.runtime;
};
const ready = (name: string): Promise<Runtime> =>
  eventually(
    async () => {
      const runtime = await cluster.runtime(name);
      return runtime?.ready === true && !runtime.terminating && runtime;
    },
    { message: `${name} being ready`, timeoutMs: 20_000 },
  );
const serving = (name: string): Promise<unknown> =>
  eventually(async () => (await shown(name)).state === "assigned", {
    message: `${name} being in service`,
    timeoutMs: 20_000,
  });
const gone = (name: string): Promise<unknown> =>
  eventually(async () => (await cluster.runtime(name)) === undefined, {
    message: `${name} being gone`,
    timeoutMs: 20_000,
  });
const homeOf = (name: string): Promise<PersistentVolumeClaim | undefined> =>
  cluster.admin
    .get(PersistentVolumeClaim, { namespace: cluster.namespace, name: `${name}-home` })
    .catch((error: unknown) => {
      if (error instanceof ApiError && error.isNotFound) return undefined;
      throw error;
    });
const shown = async (name: string): Promise<RuntimeView> =>
  (await replica.ask("GET", `/runtimes/${name}`)).body.runtime;
/** How often a runtime is among all, and among those of its environment. */
const timesListed = async (name: string): Promise<number[]> => {
  const paths = ["/runtimes", "/environments/python/runtimes"];
  const answers = await Promise.all(paths.map((path) => replica.ask("GET", path)));
  const lists = answers.map(({ body }) => body["runtimes"] as RuntimeView[]);
  return lists.map((list) => list.filter(({ pod_name }) => pod_name === name).length);
};

describe("a runtime with a home", () => {
  it("starts, pauses, resumes and ends, and is the same runtime all the time", async () => {
    const claimed = await launch({ given_name: "Mine", reservation_id: "res-1", credits_limit: 1000 });
    const { pod_name: name, token, ingress } = claimed;
    expect(["starting", "pending"]).toContain(claimed.state);
    const first = await ready(name);
    await serving(name);
    const firstSpan = await shown(name);
    expect(firstSpan).toMatchObject({ state: "assigned", token, ingress, given_name: "Mine" });
    const pod = await cluster.admin.get(Pod, { namespace: cluster.namespace, name });
    expect(pod.spec?.volumes).toContainEqual({
      name: "home",
      persistentVolumeClaim: { claimName: `${name}-home` },
    });
    expect(pod.spec?.containers[0]?.volumeMounts).toContainEqual({
      name: "home",
      mountPath: "/home/datalayer",
    });

    await eventually(() => Date.now() / 1000 > Number(firstSpan.started_at) + 2, { message: "some use" });
    const paused = await replica.ask("POST", `/runtimes/${name}/pause`);
    expect(paused.status).toBe(202);
    expect(paused.body.runtime).toMatchObject({ state: "paused", token, ingress, expired_at: null });
    expect(await timesListed(name)).toEqual([1, 1]);
    await gone(name);
    expect(await shown(name)).toMatchObject({
      state: "paused",
      token,
      ingress,
      given_name: "Mine",
      reservation_id: "res-1",
    });
    expect(await timesListed(name)).toEqual([1, 1]);

    const resumed = await replica.ask("POST", `/runtimes/${name}/resume`);
    expect(resumed.status).toBe(202);
    const second = await ready(name);
    expect(second.uid).not.toBe(first.uid);
    await serving(name);
    expect(await shown(name)).toMatchObject({ state: "assigned", token, ingress, given_name: "Mine" });
    expect(await timesListed(name)).toEqual([1, 1]);
    // 1000 credits are those of its claim: what it used before the pause stays used.
    const { expired_at: expiry, started_at: restarted } = await shown(name);
    expect(Number(expiry) - Number(restarted)).toBeLessThan(2000);
    const same = await replica.ask("PUT", `/runtimes/${name}`, { body: { credits_limit: 1000 } });
    expect(same.body.runtime.expired_at).toBe(expiry);
    const owner = async (): Promise<string | undefined> => {
      const secret = await cluster.admin.get(Secret, { namespace: cluster.namespace, name: `${name}-token` });
      return secret.metadata.ownerReferences?.[0]?.uid;
    };
    await eventually(async () => (await owner()) === second.uid, { message: "the token of the second Pod" });

    expect((await replica.ask("DELETE", `/runtimes/${name}?reason=tidied`)).status).toBe(200);
    await gone(name);
    await eventually(async () => (await homeOf(name)) === undefined, { message: "the home being gone" });
    const { usage } = (await replica.ask("GET", "/usage?reservation_id=res-1")).body as unknown as {
      usage: UsageRecord[];
    };
    expect(usage.map(({ reason, reason_detail }) => [reason, reason_detail])).toEqual([
      ["Deleted", null],
      ["Deleted", "tidied"],
    ]);
    expect((await replica.ask("GET", `/runtimes/${name}`)).status).toBe(404);
  });

  it("has what its claim brought in its first Pod only, however often the claim is repeated", async () => {
    const body = {
      environment_name: "python",
      capabilities: ["user_storage"],
      env_vars: [{ name: "GREETING", value: "hello" }],
    };
    const { pod_name: name } = (await replica.claim(body, "brings")).body.runtime;
    await serving(name);
    const readPod = (): Promise<Pod> => cluster.admin.get(Pod, { namespace: cluster.namespace, name });
    const brought = { [annotation.bringsSecret]: "true", [annotation.injected]: "true" };
    expect((await readPod()).metadata.annotations).toMatchObject(brought);
    const secret = await cluster.admin.get(Secret, { namespace: cluster.namespace, name: `${name}-claim` });
    expect(Object.values(secret.data ?? {}).map((value) => atob(value))).toContain("hello");
    const repeat = async (): Promise<void> => {
      const { status, body: answer } = await replica.claim(body, "brings");
      expect([status, answer.runtime.pod_name]).toEqual([201, name]);
    };
    await repeat();

    await replica.ask("POST", `/runtimes/${name}/pause`);
    await gone(name);
    await repeat();
    await replica.ask("POST", `/runtimes/${name}/resume`);
    await serving(name);
    await repeat();
    const { annotations } = (await readPod()).metadata;
    expect(Object.keys(annotations ?? {}).filter((key) => key in brought)).toEqual([]);
  });

  it("keeps no memory, says so to who asks for that, and goes on as it was", async () => {
    const { pod_name: name } = await launch();
    await ready(name);
    const asked: [method: "POST" | "GET" | "DELETE", path: string, body?: object][] = [
      ["POST", `/runtimes/${name}/pause`, { checkpoint: true }],
      ["POST", `/runtimes/${name}/resume`, { checkpoint_id: "c-1" }],
      ["GET", "/runtime-checkpoints"],
      ["GET", `/runtime-checkpoints/${name}`],
      ["DELETE", `/runtime-checkpoints/${name}/c-1`],
    ];
    for (const [method, path, body] of asked) {
      const answer = await replica.ask(method, path, { body });
      expect([path, answer.status, answer.body]).toEqual([
        path,
        501,
        expect.objectContaining({
          detail: expect.stringContaining("its files and not its memory") as string,
        }),
      ]);
    }
    await serving(name);
    expect((await homeOf(name))?.metadata.labels?.[label.state]).toBe("assigned");
    await replica.ask("DELETE", `/runtimes/${name}`);
    await gone(name);
  });

  it("gets a token as soon as a Secret that is in the way is gone", async () => {
    const { pod_name: name } = await launch();
    await ready(name);
    await replica.ask("POST", `/runtimes/${name}/pause`);
    await gone(name);
    const ref = { namespace: cluster.namespace, name: `${name}-token` };
    const read = (): Promise<Secret | undefined> => cluster.admin.get(Secret, ref).catch(() => undefined);
    await eventually(async () => (await read()) === undefined, { message: "the first Secret being gone" });
    const manifest = { apiVersion: Secret.apiVersion, kind: Secret.kind, metadata: ref };
    const inTheWay = await cluster.admin.create(Secret, manifest);
    const refused = cluster.proxy.log.select({ verb: "create", resource: "secrets" }).length;
    await replica.ask("POST", `/runtimes/${name}/resume`);
    await eventually(
      () => cluster.proxy.log.select({ verb: "create", resource: "secrets" }).length > refused,
      { message: "the token being refused" },
    );
    await cluster.admin.delete(Secret, ref, { uid: inTheWay.metadata.uid });
    const { uid } = await ready(name);
    await eventually(async () => (await read())?.metadata.ownerReferences?.[0]?.uid === uid, {
      message: "the token of the second Pod",
    });
  });

  it("is changed while it is paused as it was read: of two writers with the same ETag one is told", async () => {
    const { pod_name: name } = await launch();
    await ready(name);
    const path = `/runtimes/${name}`;
    expect((await replica.ask("POST", `${path}/pause`)).status).toBe(202);
    await gone(name);
    const { etag } = (await replica.ask("GET", path)).headers;
    const put = (givenName: string) =>
      replica.ask("PUT", path, { body: { given_name: givenName }, headers: { "if-match": String(etag) } });
    const both = await Promise.all(["one", "other"].map(put));
    expect(both.map(({ status }) => status).sort()).toEqual([200, 412]);
    expect((await put("late")).status).toBe(412);
    await replica.ask("DELETE", path);
  });

  it("is answered when it serves to who waits for that, and counts its time from then on", async () => {
    const body = { environment_name: "python", capabilities: ["user_storage"], credits_limit: 10 };
    const answer = await replica.ask("POST", "/runtimes", {
      body: { user_uid: "ada", ...body },
      headers: { prefer: "wait=20" },
    });
    expect(answer).toMatchObject({ status: 201, body: { runtime: { state: "assigned" } } });
    const { pod_name: name, started_at: startedAt, expired_at: expiredAt } = answer.body.runtime;
    expect(Number(expiredAt) - Number(startedAt)).toBe(20);
    const { createdAtMs, ready: isReady } = (await cluster.runtime(name))!;
    expect(isReady).toBe(true);
    expect(Number(startedAt)).toBeGreaterThanOrEqual(createdAtMs / 1000);
    await replica.ask("DELETE", `/runtimes/${name}`);
  });

  it("pauses when it does not start, tells who waits why, and costs nothing", async () => {
    const body = { environment_name: "nowhere", user_uid: "ada", capabilities: ["user_storage"] };
    const answer = await replica.ask("POST", "/runtimes", {
      body,
      headers: { prefer: "wait=40", "idempotency-key": "nowhere" },
    });
    expect(answer).toMatchObject({ status: 503, body: { reason: "start-failed" } });
    const [name = ""] = /runtime-\w{26}/.exec(answer.body.detail) ?? [];
    await gone(name);
    expect(await shown(name)).toMatchObject({
      state: "paused",
      state_detail: expect.stringMatching(`^StartFailed: Pod ${name}: 0/`) as string,
    });
    // A new name takes nothing of that away; who pauses it next is its user.
    await replica.ask("PUT", `/runtimes/${name}`, { body: { given_name: "Nowhere" } });
    expect((await shown(name)).state_detail).toContain("StartFailed");
    expect((await replica.ask("POST", `/runtimes/${name}/resume`)).status).toBe(202);
    await eventually(async () => (await shown(name)).state === "pending", { message: "another Pod" });
    expect((await replica.ask("POST", `/runtimes/${name}/pause`)).status).toBe(202);
    await gone(name);
    expect(await shown(name)).toMatchObject({ state: "paused", state_detail: null });
    const { usage } = (await replica.ask("GET", "/usage")).body as unknown as { usage: UsageRecord[] };
    const [first] = usage.filter((one) => one.pod_name === name);
    expect(first).toMatchObject({ reason: "StartFailed", seconds: 0, credits: 0 });
    await replica.ask("DELETE", `/runtimes/${name}`);
    await eventually(async () => (await homeOf(name)) === undefined, { message: "the home being gone" });
  });

  it.each([
    ["size_class", { size_class: "large", capabilities: ["user_storage"] }],
    ["resources", { resources: { cpu: "5m" }, volume_uid: "01kaq2v8c4m3yqf3y1k1w5b7nd" }],
  ])("cannot be of another size than its pool's, and says so of %s", async (field, body) => {
    const { status, body: answer } = await replica.claim({ environment_name: "python", ...body });
    expect(status).toBe(501);
    expect(answer.detail).toContain(`${field} is not supported yet together with`);
  });

  it("leaves no home behind when its caller goes without a key", async () => {
    const held = cluster.proxy.inject({
      verb: "create",
      resource: PersistentVolumeClaim.plural,
      times: 1,
      act: hold("reply"),
    });
    const caller = new AbortController();
    const claim = fetch(`${await replica.listen()}/runtimes`, {
      method: "POST",
      headers: { "x-api-key": apiKey, "content-type": "application/json" },
      body: JSON.stringify({
        environment_name: "python",
        user_uid: "leaving",
        capabilities: ["user_storage"],
      }),
      signal: caller.signal,
    });
    await held.struck();
    caller.abort();
    await expect(claim).rejects.toThrow();
    held.release();
    await eventually(
      async () => {
        const { items } = await cluster.admin.list(PersistentVolumeClaim, { namespace: cluster.namespace });
        return items.every(({ metadata }) => metadata.labels?.[label.userUid] !== "leaving");
      },
      { message: "the home being gone", timeoutMs: 30_000 },
    );
    expect(held.hits).toBe(1);
  });
});
