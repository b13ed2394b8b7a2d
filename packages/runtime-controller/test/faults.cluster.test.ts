import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { answer, cutWatch } from "@datalayer/devcluster/testkit/fault-proxy";
import { type Clock, systemClock } from "@datalayer/shared/clock/clock";
import { findCondition } from "@datalayer/shared/controller/conditions";
import { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import { ApiError } from "@datalayer/shared/kube/api-error";
import { Namespace, Pod } from "@datalayer/shared/kube/kinds";
import type { RestClient } from "@datalayer/shared/kube/rest";
import { afterEach, describe, expect, it } from "vitest";
import { poolManifest } from "./builders.ts";
import { startHarness, type Harness, type TestReplica } from "./harness.ts";
import { kindOf } from "./manifests.ts";

const hourMs = 3_600_000;
let cluster: Harness;

/** A replica in a namespace of its own. */
async function start(options: { clock?: Clock } = {}): Promise<TestReplica> {
  cluster = await startHarness();
  return cluster.startReplica("first", options);
}

afterEach(() => Promise.all(cluster.replicas.map((replica) => replica.stop())));

/** Waits until the lease has been renewed so often: time in which a controller at rest writes nothing else. */
async function untilRenewed(times: number): Promise<void> {
  const sinceMs = performance.now();
  const renewals = () => cluster.proxy.log.commits({ sinceMs, resource: "leases" }).length;
  await eventually(() => renewals() >= times, { timeoutMs: 30_000, message: "the lease being renewed" });
}

describe("given a replica whose clock is wrong", () => {
  it.each([
    ["an hour ahead", hourMs],
    ["an hour behind", -hourMs],
  ])("%s, it recycles nothing and counts time as the cluster does", async (_, aheadMs) => {
    const replica = await start({ clock: { ...systemClock, now: () => Date.now() + aheadMs } });
    await cluster.warmPool({ name: "skewed", size: 2, burningRate: 1 });
    await untilRenewed(1);
    const sinceMs = performance.now();
    await untilRenewed(2);
    const writes = cluster.proxy.log.writes({ sinceMs, exceptResource: "leases" });
    expect(writes.filter(({ resource }) => resource === "pods")).toEqual([]);
    const { body } = await replica.claim({ environment_name: "skewed", credits_limit: 60 });
    const { started_at: startedAt, expired_at: expiredAt, pod_name: name } = body.runtime;
    expect(Math.abs(Number(startedAt) - Date.now() / 1000)).toBeLessThan(10);
    expect(Number(expiredAt) - Number(startedAt)).toBe(60);
    await untilRenewed(1);
    expect(await cluster.runtime(name)).toMatchObject({ state: "assigned", terminating: false });
  });
});

describe("given a namespace that is being deleted", () => {
  it("says so, creates nothing more, and keeps nothing from going", async () => {
    const replica = await start();
    await cluster.warmPool({ name: "ending", size: 2 });
    await replica.claim({ environment_name: "ending" });
    await cluster.available("ending", 2);
    const { namespace, admin } = cluster;
    // A Pod that nobody stops keeps the namespace there for as long as we look at it.
    await admin.create(Pod, {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "holder", namespace, finalizers: ["test.datalayer.io/holder"] },
      spec: { containers: [{ name: "c", image: "i" }] },
    });
    const { metadata } = await admin.get(Namespace, { name: namespace });
    await admin.delete(Namespace, { name: namespace }, { uid: metadata.uid });
    await eventually(async () => (await cluster.runtimes()).length === 0, {
      timeoutMs: 30_000,
      message: "every runtime being gone, assigned ones too",
    });
    // Kubernetes removes Pods first, and the pool when the last one is gone.
    await eventually(
      async () => {
        const pool = await admin.get(RuntimePool, { namespace, name: "ending" });
        const condition = findCondition(pool.status?.conditions ?? [], "Reconciling");
        return condition?.reason === "NamespaceTerminating";
      },
      { timeoutMs: 20_000, message: "the pool saying that its namespace ends" },
    );
    expect((await replica.replica.api.inject({ url: "/livez" })).statusCode).toBe(200);
    await admin.patch(Pod, { namespace, name: "holder" }, [{ op: "remove", path: "/metadata/finalizers" }]);
  });
});

describe("given a pool whose Pods an admission policy refuses", () => {
  it("says why, keeps what it has, and is filled when they are accepted", async () => {
    await start();
    const { namespace, admin } = cluster;
    const level = { op: "add" as const, path: "/metadata/labels/pod-security.kubernetes.io~1enforce" };
    // The strictest level of Pod Security accepts what we create.
    await admin.patch(Namespace, { name: namespace }, [{ ...level, value: "restricted" }]);
    await cluster.warmPool({ name: "secured", size: 1 });
    const lift = await refusePods(admin, namespace);
    await cluster.resize("secured", 2);
    const reconciling = await eventually(
      async () => {
        const pool = await admin.get(RuntimePool, { namespace, name: "secured" });
        const condition = findCondition(pool.status?.conditions ?? [], "Reconciling");
        return condition?.reason === "PodRefused" && condition;
      },
      { timeoutMs: 20_000, message: "the pool saying that its Pods are refused" },
    );
    expect(reconciling.message).toContain("no Pods today");
    expect(await cluster.runtimes({ pool: "secured", state: "available" })).toHaveLength(1);
    await lift();
    await cluster.available("secured", 2);
  });
});

describe("given a kind that is not served for a while", () => {
  const gone = answer(404);

  it("keeps every runtime, serves claims from what it knows, and goes on afterwards", async () => {
    const replica = await start();
    await cluster.warmPool({ name: "kept", size: 2 });
    const before = await cluster.available("kept", 2);
    const faults = (["list", "watch"] as const).map((verb) =>
      cluster.proxy.inject({ verb, resource: "runtime-pools", act: gone }),
    );
    const cut = cluster.proxy.inject({ verb: "watch", resource: "runtime-pools", act: cutWatch() });
    await faults[1]!.struck();
    const { status } = await replica.claim({ environment_name: "kept" });
    expect(status).toBe(201);
    const after = (await cluster.runtimes({ pool: "kept" })).map(({ uid }) => uid);
    for (const { uid } of before) expect(after).toContain(uid);
    // The pool may be refilled only now: nothing is decided on it before the watch has shown what was written to it.
    for (const fault of [...faults, cut]) fault.remove();
    await cluster.resize("kept", 3);
    await cluster.available("kept", 3);
  });

  it("leaves users their runtimes when it takes every pool with it, and fills the pools that come back", async () => {
    const replica = await start();
    const { namespace, admin } = cluster;
    const pool = await cluster.warmPool({ name: "back", size: 2 });
    const { body } = await replica.claim({ environment_name: "back" });
    const faults = (["list", "watch"] as const).map((verb) =>
      cluster.proxy.inject({ verb, resource: "runtime-pools", act: gone }),
    );
    // Deleting a CRD deletes its objects, and ends the watches.
    await admin.delete(RuntimePool, pool.metadata, { uid: pool.metadata.uid });
    cluster.proxy.inject({ verb: "watch", resource: "runtime-pools", act: cutWatch() });
    await faults[1]!.struck();
    for (const fault of faults) fault.remove();
    await admin.create(RuntimePool, poolManifest(namespace, { name: "back", environment: "back", size: 2 }));
    await eventually(
      async () => {
        const ready = await cluster.runtimes({ pool: "back", state: "available" });
        const owners = ready.map(({ pod }) => pod.metadata.ownerReferences?.[0]?.uid);
        return ready.length === 2 && !owners.includes(pool.metadata.uid);
      },
      { timeoutMs: 40_000, message: "the new pool being filled" },
    );
    expect(await cluster.runtime(body.runtime.pod_name)).toMatchObject({
      state: "assigned",
      terminating: false,
    });
    expect((await replica.replica.api.inject({ url: "/livez" })).statusCode).toBe(200);
  });
});

/** Makes the API server refuse every further Pod of the namespace; answers with what ends that. */
async function refusePods(admin: RestClient, namespace: string): Promise<() => Promise<void>> {
  const name = `no-pods-${namespace}`;
  const meta = { apiVersion: "admissionregistration.k8s.io/v1", metadata: { name } };
  const namespaceSelector = { matchLabels: { "kubernetes.io/metadata.name": namespace } };
  const policy = {
    ...meta,
    kind: "ValidatingAdmissionPolicy",
    spec: {
      failurePolicy: "Fail",
      matchConstraints: {
        namespaceSelector,
        resourceRules: [
          { apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["pods"] },
        ],
      },
      validations: [{ expression: "false", message: "no Pods today" }],
    },
  };
  const binding = {
    ...meta,
    kind: "ValidatingAdmissionPolicyBinding",
    spec: { policyName: name, validationActions: ["Deny"] },
  };
  const made = await Promise.all([policy, binding].map((object) => admin.apply(kindOf(object), object)));
  const probe = JSON.stringify({
    ...{ apiVersion: "v1", kind: "Pod", metadata: { name: "probe" } },
    spec: {
      securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
      containers: [
        {
          ...{ name: "c", image: "i" },
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
        },
      ],
    },
  });
  const path = `/api/v1/namespaces/${namespace}/pods?dryRun=All`;
  const isRefused = async (): Promise<boolean> =>
    admin.raw({ method: "POST", path, body: probe }).then(
      () => false,
      (error: unknown) => error instanceof ApiError && error.message.includes("no Pods today"),
    );
  await eventually(isRefused, { message: "the policy being in force" });
  return async () => {
    await Promise.all(
      made.map((object) => admin.delete(kindOf(object), { name }, { uid: object.metadata.uid })),
    );
  };
}
