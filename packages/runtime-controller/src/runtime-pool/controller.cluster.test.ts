import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { dropAfter, dropBefore } from "@datalayer/devcluster/testkit/fault-proxy";
import { findCondition } from "@datalayer/shared/controller/conditions";
import { RuntimeEnvironment } from "@datalayer/shared/crds/runtime-environment";
import { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import { pointer } from "@datalayer/shared/kube/json-patch";
import { Node, Pod, Secret } from "@datalayer/shared/kube/kinds";
import { limitNamespace } from "@datalayer/shared/kube/testkit/resource-quota";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { environmentManifest, poolManifest } from "../../test/builders.ts";
import { type Harness, startHarness, type TestReplica } from "../../test/harness.ts";
import { kwokNode, onGroup } from "../../test/nodes.ts";
import { assertNeverMoreWarm, leastAvailable, type PodHistory } from "../../test/pod-history.ts";
import { annotation, label } from "../runtime/names.ts";

let cluster: Harness;
let replica: TestReplica;
let history: PodHistory;

beforeAll(async () => {
  cluster = await startHarness();
  history = await cluster.record();
  replica = await cluster.startReplica("first");
});

const ref = (name: string) => ({ namespace: cluster.namespace, name });
const writes = (sinceMs: number) => cluster.proxy.log.writes({ sinceMs, exceptResource: "leases" });

/** The pool once its condition has this reason. */
const untilReason = (name: string, type: string, reason: string, timeoutMs = 20_000): Promise<RuntimePool> =>
  eventually(
    async () => {
      const pool = await cluster.admin.get(RuntimePool, ref(name));
      return findCondition(pool.status?.conditions ?? [], type)?.reason === reason && pool;
    },
    { timeoutMs, message: `${type} of ${name} having the reason ${reason}` },
  );

const untilSettled = (name: string): Promise<RuntimePool> => untilReason(name, "Reconciling", "Settled");

/** Waits until the lease has been renewed so often: time in which a controller at rest writes nothing else. */
async function untilRenewed(times: number): Promise<void> {
  const sinceMs = performance.now();
  const renewals = () => cluster.proxy.log.commits({ sinceMs, resource: "leases" }).length;
  await eventually(() => renewals() >= times, { timeoutMs: 20_000, message: "the lease being renewed" });
}

describe("a pool", () => {
  it("is filled, and then nothing is written but the lease", async () => {
    await cluster.warmPool({ name: "steady", size: 3 });
    const pool = await untilSettled("steady");
    expect(pool.status).toMatchObject({
      desired: 3,
      available: 3,
      pending: 0,
      assigned: 0,
      observedGeneration: 1,
    });
    await untilRenewed(1); // the Events of the fill follow it
    const sinceMs = performance.now();
    await untilRenewed(2);
    expect(writes(sinceMs)).toEqual([]);
  });

  it("is looked at again without a write when what its Pods are made of stays the same", async () => {
    await cluster.warmPool({ name: "again", size: 1 });
    await untilSettled("again");
    await untilRenewed(1);
    const reconciles = () => replica.counter("controller_runtime_reconcile_total");
    const before = await reconciles();
    const sinceMs = performance.now();
    await cluster.admin.patch(RuntimeEnvironment, ref("again"), [
      { op: "replace", path: "/spec/title", value: "Other title" },
    ]);
    await eventually(async () => (await reconciles()) > before, { message: "another reconcile" });
    await untilRenewed(1);
    const onPool = writes(sinceMs).filter(({ resource }) => resource !== "runtime-environments/status");
    expect(onPool).toEqual([]);
  });

  it("offers Pods without a record of who wrote which field, which later writes do not bring back", async () => {
    await cluster.warmPool({ name: "light", size: 1 });
    const { body } = await replica.claim({ environment_name: "light" });
    const path = `/api/v1/namespaces/${cluster.namespace}/pods/${body.runtime.pod_name}`;
    const { metadata } = (await cluster.admin.raw({ method: "GET", path })) as Pod;
    expect(metadata.labels).toMatchObject({ [label.state]: "assigned" });
    expect(metadata).not.toHaveProperty("managedFields");
  });

  it("is refilled after claims, and a shrink takes no assigned one", async () => {
    await cluster.warmPool({ name: "claimed", size: 3 });
    await Promise.all([
      replica.claim({ environment_name: "claimed" }),
      replica.claim({ environment_name: "claimed" }),
    ]);
    await cluster.available("claimed", 3);
    await cluster.resize("claimed", 0);
    await cluster.available("claimed", 0);
    await eventually(
      async () => {
        const { status } = await cluster.admin.get(RuntimePool, ref("claimed"));
        return status?.desired === 0 && status.available === 0 && status.assigned === 2;
      },
      { message: "the counts of a pool without warm runtimes" },
    );
    expect(await cluster.runtimes({ pool: "claimed", state: "assigned" })).toHaveLength(2);
  });

  it("rolls out a new image without ever offering less than its size", async () => {
    await cluster.warmPool({ name: "rolled", size: 4 });
    const { status } = await untilSettled("rolled");
    const dockerImage = { op: "replace" as const, path: "/spec/dockerImage", value: "datalayer/other:2" };
    await cluster.admin.patch(RuntimeEnvironment, ref("rolled"), [dockerImage]);
    await untilReason("rolled", "RolledOut", "RollingOut");
    const pool = await untilReason("rolled", "RolledOut", "Warm");
    const runtimes = await cluster.available("rolled", 4);
    expect(pool.status?.revision).not.toBe(status?.revision);
    expect(new Set(runtimes.map(({ revision }) => revision))).toEqual(new Set([pool.status?.revision]));
    expect(leastAvailable(history, "rolled", 4)).toBe(4);
  });

  it("is filled from the last good revision while a new one cannot start, and says so", async () => {
    await cluster.warmPool({ name: "canary", size: 3 });
    const before = await untilSettled("canary");
    await cluster.admin.patch(RuntimePool, ref("canary"), [
      { op: "add", path: "/spec/nodeSelector", value: { nowhere: "true" } },
    ]);
    const stuck = await untilReason("canary", "RolledOut", "CanaryFailed");
    expect(stuck.status?.revision).not.toBe(before.status?.revision);
    const claim = () => replica.claim({ environment_name: "canary" });
    for (let round = 0; round < 2; round++) {
      const answers = await Promise.all([claim(), claim(), claim()]);
      expect(answers.map(({ status }) => status)).toEqual([201, 201, 201]);
      const refilled = await cluster.available("canary", 3);
      expect(new Set(refilled.map(({ revision }) => revision))).toEqual(new Set([before.status?.revision]));
    }
    expect(await cluster.runtimes({ pool: "canary", state: "pending" })).toHaveLength(1);
    await cluster.admin.patch(RuntimePool, ref("canary"), [{ op: "remove", path: "/spec/nodeSelector" }]);
    const after = await untilReason("canary", "RolledOut", "Warm");
    expect(after.status?.revision).toBe(before.status?.revision);
    await eventually(
      async () => (await cluster.runtimes({ pool: "canary", state: "pending" })).length === 0,
      {
        message: "the canary being removed",
      },
    );
  });

  it("replaces a runtime whose token key is lost", async () => {
    await cluster.warmPool({ name: "keyless", size: 2 });
    const [lost] = await cluster.available("keyless", 2);
    await cluster.admin.patch(Pod, lost!.pod.metadata, [
      {
        op: "replace",
        path: pointer("metadata", "annotations", annotation.tokenKeyId),
        value: "no-such-key",
      },
    ]);
    await eventually(async () => (await cluster.runtime(lost!.name)) === undefined, {
      timeoutMs: 20_000,
      message: "the runtime without a token being gone",
    });
    await cluster.available("keyless", 2);
    await untilSettled("keyless");
  });

  it("says that its environment is missing, and is filled when it is there", async () => {
    await cluster.admin.create(
      RuntimePool,
      poolManifest(cluster.namespace, { name: "early", environment: "late" }),
    );
    const pool = await untilReason("early", "Stalled", "EnvironmentNotFound");
    expect(findCondition(pool.status?.conditions ?? [], "Ready")).toMatchObject({
      status: "False",
      message: expect.stringContaining('spec.environment: there is no RuntimeEnvironment "late"') as string,
    });
    await cluster.admin.create(RuntimeEnvironment, environmentManifest(cluster.namespace, { name: "late" }));
    await cluster.available("early", 3);
    await untilSettled("early");
  });

  it("leaves users their runtimes when it is deleted", async () => {
    const { metadata } = await cluster.warmPool({ name: "deleted", size: 2 });
    const { body } = await replica.claim({ environment_name: "deleted" });
    await cluster.admin.delete(RuntimePool, metadata, { uid: metadata.uid });
    await eventually(
      async () => (await cluster.runtimes({ pool: "deleted", state: "available" })).length === 0,
      {
        timeoutMs: 25_000,
        message: "the warm runtimes being collected",
      },
    );
    const { pod_name: name } = body.runtime;
    expect(await cluster.runtime(name)).toMatchObject({ state: "assigned", terminating: false });
  });

  it("moves off a node that is cordoned, but for assigned runtimes", async () => {
    const group = `node-${cluster.namespace}`;
    const names = [`${group}-a`, `${group}-b`];
    const made = await Promise.all(names.map((name) => cluster.admin.create(Node, kwokNode(name, group))));
    onTestFinished(async () => {
      await Promise.all(
        made.map(({ metadata }) => cluster.admin.delete(Node, metadata, { uid: metadata.uid })),
      );
    });
    await cluster.warmPool({ name: "cordoned", size: 4, ...onGroup(group) });
    const { body } = await replica.claim({ environment_name: "cordoned" });
    const assigned = (await cluster.runtime((body as { runtime: { pod_name: string } }).runtime.pod_name))!;
    await cluster.available("cordoned", 4);
    const cordoned = assigned.pod.spec!.nodeName!;
    await cluster.admin.patch(Node, { name: cordoned }, [
      { op: "add", path: "/spec/unschedulable", value: true },
    ]);
    await eventually(
      async () => {
        const available = await cluster.runtimes({ pool: "cordoned", state: "available" });
        return available.length === 4 && available.every(({ pod }) => pod.spec?.nodeName !== cordoned);
      },
      { timeoutMs: 20_000, message: "all warm runtimes on the other node" },
    );
    expect(await cluster.runtime(assigned.name)).toMatchObject({ state: "assigned", terminating: false });
  });
});

describe("a pool whose Pods are refused", () => {
  it("says why, tries ever more rarely, and is filled when it may be", async () => {
    const { items } = await cluster.admin.list(Pod, { namespace: cluster.namespace });
    const lift = await limitNamespace(cluster.admin, cluster.namespace, { pods: String(items.length + 2) });
    const sinceMs = performance.now();
    await cluster.admin.create(
      RuntimeEnvironment,
      environmentManifest(cluster.namespace, { name: "refused" }),
    );
    await cluster.admin.create(
      RuntimePool,
      poolManifest(cluster.namespace, { name: "refused", environment: "refused", size: 6 }),
    );
    const pool = await untilReason("refused", "Reconciling", "QuotaExceeded");
    expect(findCondition(pool.status?.conditions ?? [], "Reconciling")?.message).toContain("exceeded quota");
    await cluster.available("refused", 2);
    const refusals = () =>
      cluster.proxy.log.select({
        sinceMs,
        verb: "create",
        resource: "pods",
        where: ({ status }) => status === 403,
      });
    const first = refusals().length;
    await untilRenewed(2);
    // Two attempts of four at most fit in between; how they grow apart shows the golden trace.
    expect(refusals().length - first).toBeLessThanOrEqual(8);
    expect(writes(sinceMs).filter(({ resource }) => resource === "runtime-pools/status").length).toBeLessThan(
      8,
    );
    await lift();
    await cluster.available("refused", 6);
    await untilSettled("refused");
  });
});

describe("a refill that is disturbed", () => {
  it("makes no Pod twice when the answer is lost", async () => {
    const lost = cluster.proxy.inject({ verb: "create", resource: "pods", times: 2, act: dropAfter() });
    await cluster.warmPool({ name: "unanswered", size: 3 });
    expect(lost.hits).toBe(2);
    lost.remove();
    assertNeverMoreWarm(history, "unanswered", 3);
  });

  it("gives a Pod its Secret later when that failed at first", async () => {
    const failing = cluster.proxy.inject({
      verb: "create",
      resource: "secrets",
      times: 2,
      act: dropBefore(),
    });
    await cluster.warmPool({ name: "tokenless", size: 3 });
    expect(failing.hits).toBe(2);
    failing.remove();
    await eventually(async () => (await secretsOf("tokenless")) === 3, { message: "a Secret for each Pod" });
    assertNeverMoreWarm(history, "tokenless", 3);
  });

  it("is finished by the next leader, with no Pod too many", async () => {
    await cluster.warmPool({ name: "orphaned", size: 1 });
    const third = cluster.proxy.inject({ verb: "create", resource: "pods", nth: 3, act: dropBefore() });
    await cluster.resize("orphaned", 12);
    await third.struck();
    await replica.kill();
    third.remove();
    await cluster.expireLease();
    replica = await cluster.startReplica("second");
    await cluster.available("orphaned", 12);
    await untilSettled("orphaned");
    expect(await secretsOf("orphaned")).toBe(12);
    assertNeverMoreWarm(history, "orphaned", 12);
  });
});

async function secretsOf(pool: string): Promise<number> {
  const { items } = await cluster.admin.list(Pod, { namespace: cluster.namespace });
  const pods = items.filter(({ metadata }) => metadata.annotations?.[annotation.pool] === pool);
  const owners = new Set(pods.map(({ metadata }) => metadata.uid));
  const secrets = await cluster.admin.list(Secret, { namespace: cluster.namespace });
  return secrets.items.filter(({ metadata }) => owners.has(metadata.ownerReferences?.[0]?.uid ?? "")).length;
}
