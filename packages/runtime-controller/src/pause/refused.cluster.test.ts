import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import { PersistentVolumeClaim } from "@datalayer/shared/kube/kinds";
import { limitNamespace } from "@datalayer/shared/kube/testkit/resource-quota";
import { beforeAll, describe, expect, it } from "vitest";
import { type Harness, startHarness, type TestReplica } from "../../test/harness.ts";
import type { RuntimeView } from "../http/schemas.ts";

let cluster: Harness;
let replica: TestReplica;

beforeAll(async () => {
  cluster = await startHarness();
  replica = await cluster.startReplica("one", {
    settings: { DATALAYER_RUNTIME_ROUTES: "none", DATALAYER_COLD_START_WITHIN_SECONDS: "10" },
  });
});

const forbidPods = (): Promise<() => Promise<void>> =>
  limitNamespace(cluster.admin, cluster.namespace, { pods: "0" });

const shown = async (name: string): Promise<RuntimeView> =>
  (await replica.ask("GET", `/runtimes/${name}`)).body.runtime;
const untilShown = (name: string, state: string, detail: RegExp): Promise<unknown> =>
  eventually(
    async () => {
      const runtime = await shown(name);
      return runtime.state === state && detail.test(runtime.state_detail ?? "");
    },
    { timeoutMs: 40_000, message: `${name} being ${state}, because ${String(detail)}` },
  );
const launch = async (pool: string): Promise<string> => {
  const { body } = await replica.claim({
    pool_name: pool,
    capabilities: ["user_storage"],
    credits_limit: 10,
  });
  return body.runtime.pod_name;
};

describe("a runtime with a home whose Pod cannot be made", () => {
  it("says so while it starts, is paused when its time to start is over, and resumes once it may", async () => {
    await cluster.warmPool({ name: "refused", size: 0, burningRate: 1 });
    const lift = await forbidPods();
    const name = await launch("refused");
    await untilShown(name, "starting", /^PodRefused: .* exceeded quota: limit/);
    await untilShown(name, "paused", /^StartFailed: PodRefused: .* exceeded quota: limit/);
    const ref = { namespace: cluster.namespace, name: `${name}-home` };
    const { annotations } = (await cluster.admin.get(PersistentVolumeClaim, ref)).metadata;
    expect(Object.keys(annotations ?? {}).filter((key) => key.includes("/waits-"))).toEqual([]);

    const waiting = await replica.ask("POST", "/runtimes", {
      body: { pool_name: "refused", user_uid: "ada", capabilities: ["user_storage"] },
      headers: { prefer: "wait=20", "idempotency-key": "waits" },
    });
    expect(waiting).toMatchObject({ status: 503, body: { reason: "start-failed" } });

    expect((await replica.ask("POST", `/runtimes/${name}/resume`)).status).toBe(202);
    await untilShown(name, "starting", /exceeded quota/);
    await lift();
    await eventually(async () => (await shown(name)).state === "assigned", {
      timeoutMs: 30_000,
      message: "the runtime serving",
    });
    const { started_at: startedAt, expired_at: expiredAt, state_detail: detail } = await shown(name);
    expect(Number(expiredAt) - Number(startedAt)).toBe(10);
    expect(detail).toBeNull();
    await replica.ask("DELETE", `/runtimes/${name}`);
  });

  it("says that its pool is gone, and is paused when it does not come back", async () => {
    const pool = await cluster.warmPool({ name: "lost", size: 0 });
    const lift = await forbidPods();
    const name = await launch("lost");
    await untilShown(name, "starting", /^PodRefused/);
    await cluster.admin.delete(RuntimePool, pool.metadata, { uid: pool.metadata.uid });
    await untilShown(name, "paused", /^StartFailed: PoolNotFound: .*"lost"/);
    await lift();
    await replica.ask("DELETE", `/runtimes/${name}`);
  });
});
