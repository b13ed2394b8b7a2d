import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { answer } from "@datalayer/devcluster/testkit/fault-proxy";
import { findCondition } from "@datalayer/shared/controller/conditions";
import { Route } from "@datalayer/shared/crds/route";
import { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { poolManifest } from "../../test/builders.ts";
import { type Harness, startHarness, type TestReplica } from "../../test/harness.ts";
import { installRouteKind, reportRoute, untilRoute } from "../../test/routes.ts";
import { poolRouteNameOf } from "./build-route.ts";

const settings = {
  DATALAYER_RUNTIMES_URL: "http://runtimes.example.org",
  DATALAYER_RUNTIME_ROUTES: "pool",
  DATALAYER_RUNTIME_ROUTE_WAIT_SEC: "-1",
};

let cluster: Harness;

beforeEach(async () => {
  cluster = await startHarness();
  await installRouteKind(cluster.admin);
});

const ref = (name: string) => ({ namespace: cluster.namespace, name });

async function names(): Promise<string[]> {
  const { items } = await cluster.admin.list(Route, { namespace: cluster.namespace });
  return items.map(({ metadata }) => metadata.name);
}

/** A replica that no other one follows in this test. */
async function lead(name: string, more: Record<string, string> = {}): Promise<TestReplica> {
  const replica = await cluster.startReplica(name, { settings: { ...settings, ...more } });
  onTestFinished(() => replica.stop());
  return replica;
}

/** Fills a pool of two, whose Route is reported ready as soon as it is there. */
async function fill(name: string): Promise<RuntimePool> {
  const warm = cluster.warmPool({ name, size: 2 });
  const pool = await eventually(() => cluster.admin.get(RuntimePool, ref(name)));
  await reportRoute(cluster.admin, await untilRoute(cluster.admin, ref(poolRouteNameOf(pool))));
  return warm;
}

/** Waits until the lease has been renewed so often: time in which a controller at rest writes nothing else. */
async function untilRenewed(times: number): Promise<void> {
  const sinceMs = performance.now();
  const renewals = () => cluster.proxy.log.commits({ sinceMs, resource: "leases" }).length;
  await eventually(() => renewals() >= times, { timeoutMs: 30_000, message: "the lease being renewed" });
}

describe("runtimes behind the Route of their pool", () => {
  it("are offered once it is ready; then nothing is written but the lease", async () => {
    const replica = await lead("steady");
    const pool = await fill("steady");
    expect(await names()).toEqual([poolRouteNameOf(pool)]);
    const { body } = await replica.claim({ environment_name: "steady" });
    const { ingress, uid } = body.runtime;
    expect(ingress).toBe(`http://runtimes.example.org/jupyter/server/steady/${uid}`);
    await cluster.available("steady", 2);
    await untilRenewed(2); // status and Events of the refill follow it
    const sinceMs = performance.now();
    await untilRenewed(2);
    expect(cluster.proxy.log.writes({ sinceMs, exceptResource: "leases" })).toEqual([]);
  });

  it("get Routes of their own when they outlive the pool, until there is one again", async () => {
    const replica = await lead("outlived");
    const pool = await fill("outlived");
    const { body } = await replica.claim({ environment_name: "outlived" });
    const { pod_name: name } = body.runtime;
    await cluster.admin.delete(RuntimePool, pool.metadata, { uid: pool.metadata.uid });
    const route = await untilRoute(cluster.admin, ref(name));
    expect(route.metadata.ownerReferences?.map(({ kind }) => kind)).toEqual(["Pod"]);
    await eventually(async () => (await names()).join() === name, {
      timeoutMs: 40_000,
      message: "the Route of the pool being gone",
    });

    const again = poolManifest(cluster.namespace, { name: "outlived", environment: "outlived", size: 1 });
    const next = await cluster.admin.create(RuntimePool, again);
    const nextRoute = await untilRoute(cluster.admin, ref(poolRouteNameOf(next)));
    await untilRenewed(1);
    expect(await names()).toContain(name);
    await reportRoute(cluster.admin, nextRoute);
    await eventually(async () => !(await names()).includes(name), {
      timeoutMs: 30_000,
      message: "the Route of the runtime being gone",
    });
  });

  it("keep the Routes that they had of their own until that of the pool is ready", async () => {
    const before = await lead("before", {
      DATALAYER_RUNTIME_ROUTES: "runtime",
      DATALAYER_RUNTIME_ROUTE_WAIT_SEC: "0",
    });
    const pool = await cluster.warmPool({ name: "changed", size: 1 });
    const [runtime] = await cluster.available("changed", 1);
    await untilRoute(cluster.admin, ref(runtime!.name));
    await before.stop();
    await lead("after");
    const route = await untilRoute(cluster.admin, ref(poolRouteNameOf(pool)));
    await untilRenewed(1);
    expect(await names()).toContain(runtime!.name);
    await reportRoute(cluster.admin, route);
    await eventually(async () => (await names()).join() === poolRouteNameOf(pool), {
      timeoutMs: 30_000,
      message: "the Routes of the runtimes being gone",
    });
  });
});

describe("runtimes without Routes", () => {
  it("are offered where no Routes are served, and get one when they are", async () => {
    const unserved = cluster.proxy.inject({ resource: "routes", act: answer(404) });
    await lead("alone", { DATALAYER_RUNTIME_ROUTES: "runtime" });
    await cluster.warmPool({ name: "alone", size: 1 });
    const [runtime] = await cluster.available("alone", 1);
    expect(await names()).toEqual([]);
    unserved.remove();
    await untilRoute(cluster.admin, ref(runtime!.name));
  });

  it("are offered all the same after the wait, and their pool says that their Routes are refused", async () => {
    await lead("refused", {
      DATALAYER_RUNTIMES_URL: "http://192.0.2.1",
      DATALAYER_RUNTIME_ROUTE_WAIT_SEC: "1",
    });
    await cluster.warmPool({ name: "refused", size: 1 });
    const routed = await eventually(
      async () => {
        const { status } = await cluster.admin.get(RuntimePool, ref("refused"));
        const condition = findCondition(status?.conditions ?? [], "Routed");
        return condition?.status === "False" && condition;
      },
      { timeoutMs: 40_000, message: "the pool being Routed=False" },
    );
    expect(routed.message).toContain("cannot be written");
    expect(routed.message).toContain("a host is a name");
    expect(routed.message).toContain("offered all the same 1 s after they are ready");
  });

  it("lose those that they had when none are wanted any more", async () => {
    const before = await lead("before", { DATALAYER_RUNTIME_ROUTE_WAIT_SEC: "0" });
    const pool = await cluster.warmPool({ name: "off", size: 1 });
    await untilRoute(cluster.admin, ref(poolRouteNameOf(pool)));
    await before.stop();
    await lead("after", { DATALAYER_RUNTIME_ROUTES: "none" });
    await eventually(async () => (await names()).length === 0, {
      timeoutMs: 30_000,
      message: "the Route of the pool being gone",
    });
  });
});
