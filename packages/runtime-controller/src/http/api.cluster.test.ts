import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { answer as answerWith, freezeWatch } from "@datalayer/devcluster/testkit/fault-proxy";
import { RuntimeEnvironment } from "@datalayer/shared/crds/runtime-environment";
import { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import { beforeAll, describe, expect, it } from "vitest";
import { environmentManifest, poolManifest } from "../../test/builders.ts";
import { apiKey, type Harness, startHarness, type TestReplica } from "../../test/harness.ts";
import type { RuntimeView } from "./schemas.ts";

let cluster: Harness;
let replica: TestReplica;

beforeAll(async () => {
  cluster = await startHarness();
  replica = await cluster.startReplica("rest", {
    // Other files of tests may have brought the kind Route, and nobody serves it here.
    settings: { DATALAYER_RUNTIMES_URL: "https://r1.example", DATALAYER_RUNTIME_ROUTES: "none" },
  });
  await cluster.admin.create(
    RuntimeEnvironment,
    environmentManifest(cluster.namespace, { name: "empty-env" }),
  );
  await cluster.admin.create(
    RuntimePool,
    poolManifest(cluster.namespace, { name: "empty-pool", environment: "empty-env", size: 0 }),
  );
  await cluster.warmPool({ name: "python", size: 3, burningRate: 0.5 });
  await eventually(async () => poolOf(await replica.ask("GET", "/pools"), "empty-pool"), {
    message: "the replica having seen both pools",
  });
});

interface PoolView {
  name: string;
  available: number;
  conditions: unknown[];
}
const poolOf = ({ body }: { body: unknown }, name: string): PoolView | undefined =>
  (body as { pools: PoolView[] }).pools.find((pool) => pool.name === name);

const claim = (body: Record<string, unknown> = {}) => replica.claim({ environment_name: "python", ...body });

const claimed = (body: Record<string, unknown> = {}): Promise<RuntimeView> =>
  replica.claimed({ environment_name: "python", ...body });

describe("POST /runtimes", () => {
  it("answers with the published fields of the runtime", async () => {
    const { status, body } = await claim({
      type: "cell",
      given_name: "My runtime",
      user_uid: "user-7",
      reservation_id: "res-7",
      credits_limit: 60,
    });
    expect(status).toBe(201);
    const { runtime, ...envelope } = body;
    expect(envelope).toEqual({ success: true, message: `Runtime ${runtime.pod_name} is assigned.` });
    const {
      pod_name: podName,
      uid,
      token,
      ingress,
      started_at: startedAt,
      expired_at: expiredAt,
      ...rest
    } = runtime;
    expect(rest).toEqual({
      environment_name: "python",
      environment_title: "Simple Python",
      pool_name: "python",
      type: "cell",
      given_name: "My runtime",
      user_uid: "user-7",
      reservation_id: "res-7",
      burning_rate: 0.5,
      last_activity_at: null,
      node_draining_since: null,
      state_detail: null,
      node_drain_ends_at: null,
      state: "assigned",
    });
    expect(podName).toBe(`runtime-${uid}`);
    expect(token).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(ingress).toBe(`https://r1.example/jupyter/server/python/${uid}`);
    expect(startedAt).toMatch(/^\d{10}$/);
    expect(Number(expiredAt) - Number(startedAt)).toBe(120);
  });

  it("sets no end without credits, and chooses a name", async () => {
    const runtime = await claimed();
    expect(runtime).toMatchObject({ expired_at: null, reservation_id: null, type: "notebook" });
    expect(runtime.given_name).toMatch(/^notebook \d{4}-/);
  });

  it("ignores what published clients send besides", async () => {
    const runtime = await claimed({
      agent_spec_id: "x",
      billable_account_uid: "y",
      agent_spec: { deep: [1] },
    });
    expect(runtime).toMatchObject({ environment_name: "python" });
  });

  const refused: [string, Record<string, unknown>, number, string][] = [
    ["a user that cannot be a label", { user_uid: "a b" }, 422, "/user_uid"],
    ["no user", { user_uid: undefined }, 422, "/user_uid"],
    ["a number as user", { user_uid: 7 }, 400, "/user_uid"],
    ["a reservation that cannot be a label", { reservation_id: "-" }, 422, "/reservation_id"],
    ["an unknown type", { type: "spark" }, 422, "/type"],
    ["no credits", { credits_limit: 0 }, 422, "/credits_limit"],
    ["negative credits", { credits_limit: -1 }, 422, "/credits_limit"],
    ["endless credits", { credits_limit: 1e300 }, 422, "/credits_limit"],
    ["credits as text", { credits_limit: "60" }, 400, "/credits_limit"],
    ["a name that is too long", { given_name: "x".repeat(257) }, 422, "/given_name"],
    ["neither environment nor pool", { environment_name: undefined }, 422, "/environment_name"],
    ["the path of an environment", { environment_name: "../other" }, 422, "/environment_name"],
  ];
  it.each(refused)("refuses %s", async (_, body, status, path) => {
    const reply = await claim(body);
    expect(reply.status).toBe(status);
    expect(reply.headers["content-type"]).toContain("application/problem+json");
    expect(reply.body).toMatchObject({
      success: false,
      status,
      errors: [expect.objectContaining({ path, in: "body" })],
    });
  });

  it.each([
    ["capabilities", { capabilities: ["gpu_sharing"] }],
    ["from", { from: "snapshot-1" }],
  ])("says that %s is not supported yet", async (field, body) => {
    const reply = await claim(body);
    expect(reply.status).toBe(501);
    expect(reply.body.detail).toContain(`${field} is not supported yet`);
  });

  it("takes an empty list of capabilities for none", async () => {
    await expect(claimed({ capabilities: [] })).resolves.toBeDefined();
  });

  it.each([
    ["environment", { environment_name: "unknown" }, 'serves environment "unknown"'],
    ["pool", { pool_name: "unknown", environment_name: undefined }, 'is named "unknown"'],
    [
      "pool of that environment",
      { pool_name: "empty-pool" },
      'is named "empty-pool" and serves environment "python"',
    ],
  ])("answers 404 to an unknown %s", async (_, body, wanted) => {
    const reply = await claim(body);
    expect(reply.status).toBe(404);
    expect(reply.body).toMatchObject({ detail: `no runtime pool ${wanted}` });
  });

  it("says when to ask an empty pool again", async () => {
    const reply = await replica.claim({ environment_name: "empty-env" });
    expect(reply.status).toBe(503);
    expect(reply.headers["retry-after"]).toBe("60");
    expect(reply.body).toMatchObject({ reason: "pool-empty", retry_after_seconds: 60, success: false });
  });
});

describe("every route", () => {
  const routes = [
    ["GET", "/runtimes"],
    ["POST", "/runtimes"],
    ["GET", "/runtimes/x"],
    ["PUT", "/runtimes/x"],
    ["DELETE", "/runtimes/x"],
    ["GET", "/environments"],
    ["GET", "/pools"],
    ["POST", "/pools/x/size"],
  ] as const;
  it.each(routes)("wants the key: %s %s", async (method, path) => {
    for (const key of ["", "wrong", `${apiKey}0`]) {
      const reply = await replica.ask(method, path, { headers: { "x-api-key": key } });
      expect(reply.status).toBe(401);
      expect(JSON.stringify(reply.body)).not.toContain(apiKey);
    }
  });
});

describe("GET /runtimes", () => {
  it("lists by user and environment, and shows one", async () => {
    const runtime = await claimed({ user_uid: "lister" });
    const list = async (query: string) => {
      const { body } = await replica.ask("GET", `/runtimes${query}`);
      return (body as unknown as { runtimes: RuntimeView[] }).runtimes.map(({ pod_name: name }) => name);
    };
    expect(await list("?user_uid=lister")).toEqual([runtime.pod_name]);
    expect(await list("?user_uid=lister&environment_name=python")).toEqual([runtime.pod_name]);
    expect(await list("?user_uid=lister&environment_name=other")).toEqual([]);
    expect(await list("")).toContain(runtime.pod_name);
    const { body } = await replica.ask("GET", `/runtimes/${runtime.pod_name}`);
    expect(body).toEqual({ success: true, message: "Runtime found.", runtime });
  });

  it("is read in pages, by any replica", async () => {
    const names = [
      await claimed({ user_uid: "pager" }),
      await claimed({ user_uid: "pager" }),
      await claimed({ user_uid: "pager" }),
    ].map(({ pod_name: name }) => name);
    const other = await cluster.startReplica("pages");
    const page = async (asked: TestReplica, query: string) => {
      const { status, body } = await asked.ask("GET", `/runtimes?user_uid=pager&limit=2${query}`);
      expect(status).toBe(200);
      return body as unknown as { runtimes: RuntimeView[]; continue: string | null };
    };
    const first = await page(replica, "");
    const second = await page(other, `&continue=${first.continue!}`);
    expect([...first.runtimes, ...second.runtimes].map(({ pod_name: name }) => name)).toEqual(names.sort());
    expect(second.continue).toBeNull();
    const elsewhere = await replica.ask("GET", `/runtimes?user_uid=other&continue=${first.continue!}`);
    expect(elsewhere.body).toMatchObject({ status: 400, errors: [{ path: "/continue", in: "query" }] });
  });

  it("does not show a warm runtime", async () => {
    await eventually(async () => (await cluster.runtimes({ pool: "python", state: "available" })).length > 0);
    const [warm] = await cluster.runtimes({ pool: "python", state: "available" });
    expect((await replica.ask("GET", `/runtimes/${warm!.name}`)).status).toBe(404);
    expect((await replica.ask("DELETE", `/runtimes/${warm!.name}`)).status).toBe(404);
  });
});

describe("PUT /runtimes/{pod_name}", () => {
  it("renames a runtime and counts new credits from its start", async () => {
    const runtime = await claimed({ credits_limit: 60 });
    const path = `/runtimes/${runtime.pod_name}`;
    const { status, body } = await replica.ask("PUT", path, {
      body: { given_name: "New", credits_limit: 100 },
    });
    expect(status).toBe(200);
    const expiredAt = String(Number(runtime.started_at) + 200);
    expect(body).toMatchObject({ runtime: { ...runtime, given_name: "New", expired_at: expiredAt } });
  });

  it("heeds If-Match: of two writers with the same ETag one is told", async () => {
    const path = `/runtimes/${(await claimed()).pod_name}`;
    const put = (name: string, etag: unknown) =>
      replica.ask("PUT", path, { body: { given_name: name }, headers: { "if-match": String(etag) } });
    const { etag } = (await replica.ask("GET", path)).headers;
    const both = await Promise.all(["one", "other"].map((name) => put(name, etag)));
    expect(both.map(({ status }) => status).sort()).toEqual([200, 412]);
    const [won, lost] = both.toSorted((a, b) => a.status - b.status);
    expect(lost!.body.type).toContain("#precondition-failed");
    expect(won!.headers["etag"]).not.toBe(etag);
    expect((await put("next", won!.headers["etag"])).body).toMatchObject({ runtime: { given_name: "next" } });
    expect((await put("late", won!.headers["etag"])).status).toBe(412);
  });

  it.each([
    ["nothing to change", {}, 422],
    ["credits as text", { credits_limit: "9" }, 400],
  ])("refuses %s", async (_, body, status) => {
    const runtime = await claimed();
    expect((await replica.ask("PUT", `/runtimes/${runtime.pod_name}`, { body })).status).toBe(status);
  });

  it.each([
    ["capabilities", { capabilities: ["user_storage"] }],
    ["from", { from: "snapshot-1", given_name: "New" }],
  ])("says that a runtime cannot get %s, and changes nothing", async (field, body) => {
    const runtime = await claimed();
    const path = `/runtimes/${runtime.pod_name}`;
    const reply = await replica.ask("PUT", path, { body });
    expect([reply.status, reply.body.detail]).toEqual([501, expect.stringContaining(field)]);
    expect((await replica.ask("GET", path)).body.runtime).toEqual(runtime);
  });

  it("answers 404 to an unknown runtime", async () => {
    expect((await replica.ask("PUT", "/runtimes/runtime-x", { body: { given_name: "x" } })).status).toBe(404);
  });
});

describe("DELETE /runtimes/{pod_name}", () => {
  it("ends a runtime, also when it is said why", async () => {
    const name = (await claimed()).pod_name;
    expect((await replica.ask("DELETE", `/runtimes/${name}?reason=user`)).body).toEqual({
      success: true,
      message: `Runtime ${name} ends.`,
    });
    await eventually(async () => (await replica.ask("GET", `/runtimes/${name}`)).status === 404, {
      message: "the runtime being gone",
    });
    expect((await replica.ask("DELETE", `/runtimes/${name}`)).status).toBe(404);
  });
});

describe("GET /environments", () => {
  it("lists them with the rate of their pools", async () => {
    const { body } = await replica.ask("GET", "/environments");
    const { environments } = body as unknown as { environments: Record<string, unknown>[] };
    const limits = { cpu: "10m", memory: "16Mi" };
    expect(environments.find(({ name }) => name === "python")).toMatchObject({
      title: "Simple Python",
      dockerImage: "datalayer/jupyter-python:0.0.8",
      language: "python",
      burning_rate: 0.5,
      resources: { limits },
      resourcesRanges: { default: { limits } },
      namespace: cluster.namespace,
    });
    const other = await replica.ask("GET", "/environments?namespace=other");
    expect(other.body).toMatchObject({ environments: [] });
  });
});

describe("the pools", () => {
  it("are listed with their counts and conditions", async () => {
    const list = () => replica.ask("GET", `/pools?namespace=${cluster.namespace}`);
    const reply = await eventually(async () => {
      const answer = await list();
      return poolOf(answer, "empty-pool")?.conditions.length !== 0 && answer;
    });
    expect(poolOf(reply, "empty-pool")).toEqual({
      name: "empty-pool",
      namespace: cluster.namespace,
      environment_name: "empty-env",
      desired: 0,
      available: 0,
      pending: 0,
      assigned: 0,
      conditions: expect.arrayContaining([
        {
          type: "Ready",
          status: "True",
          reason: "Available",
          message: expect.any(String) as string,
          since: expect.any(String) as string,
        },
      ]) as unknown,
    });
    expect((await replica.ask("GET", "/pools?namespace=other")).body).toMatchObject({ pools: [] });
  });

  it("get another size", async () => {
    const { status, body } = await replica.ask("POST", "/pools/empty-pool/size", { body: { size: 1 } });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      message: "Pool empty-pool will keep 1 runtimes available.",
      pool: { name: "empty-pool", desired: 1 },
    });
    await cluster.available("empty-pool", 1);
    await replica.ask("POST", "/pools/empty-pool/size", { body: { size: 0 } });
    await cluster.available("empty-pool", 0);
  });

  it.each([
    ["a negative size", { size: -1 }, 422],
    ["half a runtime", { size: 1.5 }, 422],
    ["too large a size", { size: 5001 }, 422],
    ["a size as text", { size: "3" }, 400],
    ["no size", {}, 422],
  ])("refuse %s", async (_, body, status) => {
    const reply = await replica.ask("POST", "/pools/empty-pool/size", { body });
    expect(reply.status).toBe(status);
    expect(reply.body).toMatchObject({ errors: [expect.objectContaining({ path: "/size" })] });
  });

  it("that are unknown are not found", async () => {
    const reply = await replica.ask("POST", "/pools/unknown/size", { body: { size: 1 } });
    expect(reply.status).toBe(404);
    expect(reply.body).toMatchObject({ detail: 'no runtime pool is named "unknown"' });
  });

  it.each([
    ["was deleted", 404, "NotFound"],
    ["was made anew", 422, "Invalid"],
  ])("are not found when the pool %s a moment ago", async (_, status, reason) => {
    const rule = { verb: "patch", resource: "runtime-pools", times: 1 } as const;
    const fault = cluster.proxy.inject({ ...rule, act: answerWith(status, { reason }) });
    const reply = await replica.ask("POST", "/pools/empty-pool/size", { body: { size: 1 } });
    fault.remove();
    expect(reply.status).toBe(404);
  });
});

describe("the API", () => {
  it("is served on a socket, with version and health, and without a key for those", async () => {
    const api = await replica.listen();
    const base = api.replace("/v1", "");
    const version = await fetch(`${base}/version`);
    expect(await version.json()).toMatchObject({
      success: true,
      name: "runtime-controller",
      version: "0.0.0-test",
    });
    expect((await fetch(new URL("/livez", base))).status).toBe(200);
    expect((await fetch(`${api}/runtimes`)).status).toBe(401);
    const runtimes = await fetch(`${api}/runtimes`, { headers: { "x-api-key": apiKey } });
    expect(runtimes.status).toBe(200);
    const broken = await fetch(`${api}/runtimes`, {
      method: "POST",
      headers: { "x-api-key": apiKey, "content-type": "application/json" },
      body: "{",
    });
    expect(broken.status).toBe(400);
  });
});

describe("a replica whose watch is late", () => {
  it("finds a runtime that another one has just assigned", async () => {
    const late = await cluster.startReplica("late");
    const watch = { client: "late", verb: "watch", resource: "pods" } as const;
    const frozen = cluster.proxy.inject({ ...watch, act: freezeWatch() });
    const { pod_name: podName } = await claimed();
    // Struck by the watch that begins or, where it had begun, by what the claim wrote.
    await expect.poll(() => frozen.hits).toBeGreaterThan(0);
    expect((await late.ask("GET", `/runtimes/${podName}`)).status).toBe(200);
    expect((await late.ask("DELETE", `/runtimes/${podName}`)).status).toBe(200);
    frozen.remove();
  });
});
