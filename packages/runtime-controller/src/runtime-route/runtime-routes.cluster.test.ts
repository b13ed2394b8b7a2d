import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { dropBefore, freezeWatch } from "@datalayer/devcluster/testkit/fault-proxy";
import { findCondition } from "@datalayer/shared/controller/conditions";
import type { Condition } from "@datalayer/shared/crds/conditions";
import { Route } from "@datalayer/shared/crds/route";
import { RuntimeEnvironment } from "@datalayer/shared/crds/runtime-environment";
import { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import { beforeAll, describe, expect, it } from "vitest";
import { environmentManifest, poolManifest } from "../../test/builders.ts";
import { type Harness, startHarness, type TestReplica } from "../../test/harness.ts";
import { installRouteKind, reportRoute, untilRoute } from "../../test/routes.ts";
import type { Runtime } from "../runtime/runtime.ts";

const settings = {
  DATALAYER_RUNTIMES_URL: "https://runtimes.example.org",
  DATALAYER_RUNTIME_ROUTES: "runtime",
  DATALAYER_RUNTIMES_TLS_SECRET: "wildcard",
  DATALAYER_RUNTIME_ROUTE_WAIT_SEC: "-1",
};

let cluster: Harness;
let replica: TestReplica;

beforeAll(async () => {
  cluster = await startHarness();
  await installRouteKind(cluster.admin);
  replica = await cluster.startReplica("first", { settings });
});

const ref = (name: string) => ({ namespace: cluster.namespace, name });
const routeWrites = (sinceMs: number) => cluster.proxy.log.commits({ sinceMs, resource: "routes" });

/** Creates a pool with its environment, without waiting for its runtimes. */
async function createPool(name: string, size = 1): Promise<void> {
  await cluster.admin.create(RuntimeEnvironment, environmentManifest(cluster.namespace, { name }));
  await cluster.admin.create(RuntimePool, poolManifest(cluster.namespace, { name, environment: name, size }));
}

/** The runtimes of a pool once that many are ready, whatever their state. */
function untilReady(pool: string, count = 1): Promise<Runtime[]> {
  return eventually(
    async () => {
      const ready = (await cluster.runtimes({ pool })).filter((runtime) => runtime.ready);
      return ready.length === count && ready;
    },
    { timeoutMs: 30_000, message: `${count} ready runtimes in ${pool}` },
  );
}

function untilRouted(pool: string, status: Condition["status"]): Promise<Condition> {
  return eventually(
    async () => {
      const { status: found } = await cluster.admin.get(RuntimePool, ref(pool));
      const routed = findCondition(found?.conditions ?? [], "Routed");
      return routed?.status === status && routed;
    },
    { timeoutMs: 40_000, message: `${pool} being Routed=${status}` },
  );
}

/** Creates a pool of one, and lets its Route be ready. */
async function routedPool(name: string): Promise<Runtime> {
  await createPool(name);
  const [runtime] = await untilReady(name);
  await reportRoute(cluster.admin, await untilRoute(cluster.admin, ref(runtime!.name)));
  const [available] = await cluster.available(name, 1);
  return available!;
}

it("a runtime with a home is pending until its Route is ready", async () => {
  await createPool("homely", 0);
  const body = { environment_name: "homely", capabilities: ["user_storage"] };
  // The pool may not be known yet.
  const claimed = await eventually(async () => {
    const answer = await replica.claim(body);
    return answer.status === 202 && answer.body.runtime;
  });
  const { pod_name: name } = claimed;
  const shown = async () => (await replica.ask("GET", `/runtimes/${name}`)).body.runtime;
  const route = await untilRoute(cluster.admin, ref(name));
  await eventually(async () => (await cluster.runtime(name))?.ready === true, { timeoutMs: 30_000 });
  await reportRoute(cluster.admin, route, "False");
  await eventually(() => replica.replica.caches.routes.get(ref(name))?.status?.conditions !== undefined);
  expect(await shown()).toMatchObject({
    state: "pending",
    state_detail: `Route "${name}": No replica serves it.`,
  });
  await reportRoute(cluster.admin, route);
  await eventually(async () => (await shown()).state === "assigned", { timeoutMs: 20_000 });
  expect(await shown()).toMatchObject({ state_detail: null });
});

describe("a warm runtime", () => {
  it("has a Route of its own that leads to its Pod, over the host of the public URL", async () => {
    await createPool("shown");
    const [runtime] = await untilReady("shown");
    const { name, uid, ulid } = runtime!;
    const { metadata, spec } = await untilRoute(cluster.admin, ref(name));
    expect(metadata.ownerReferences).toEqual([{ apiVersion: "v1", kind: "Pod", name, uid }]);
    expect(spec).toMatchObject({
      routeClassName: "datalayer",
      hosts: ["runtimes.example.org"],
      tls: { secretName: "wildcard" },
      auth: { target: { path: `/jupyter/server/shown/${ulid}/api/kernels` } },
      rules: [
        {
          matches: [{ path: { type: "Prefix", value: `/jupyter/server/shown/${ulid}` } }],
          targets: [{ pod: { name }, port: 2300 }],
        },
      ],
    });
  });

  it("is not offered before its Route is ready, and the pool says what it waits for", async () => {
    await createPool("held");
    const [runtime] = await untilReady("held");
    const route = await untilRoute(cluster.admin, ref(runtime!.name));
    const unseen = await untilRouted("held", "False");
    expect(unseen.reason).toBe("RouteNotReady");
    expect(unseen.message).toContain(`Route "${route.metadata.name}" has not been looked at`);
    await reportRoute(cluster.admin, route, "False");
    await eventually(async () =>
      (await untilRouted("held", "False")).message.includes("No replica serves it."),
    );
    expect((await cluster.runtime(runtime!.name))?.state).toBe("pending");
    expect((await replica.claim({ environment_name: "held" })).status).toBe(503);

    await reportRoute(cluster.admin, route);
    await cluster.available("held", 1);
    await untilRouted("held", "True");
    const { body } = await replica.claim({ environment_name: "held" });
    expect(body.runtime.ingress).toBe(`https://runtimes.example.org/jupyter/server/held/${runtime!.ulid}`);
  });

  it("stays available while its Route has a bad moment", async () => {
    const runtime = await routedPool("shaken");
    await reportRoute(cluster.admin, await untilRoute(cluster.admin, ref(runtime.name)), "False");
    await untilRouted("shaken", "False");
    expect((await cluster.runtime(runtime.name))?.state).toBe("available");
  });

  it("costs one write of a Route in its life", async () => {
    const sinceMs = performance.now();
    const { name } = await routedPool("counted");
    const { body } = await replica.claim({ environment_name: "counted" });
    expect(body.runtime.pod_name).toBe(name);
    expect((await replica.ask("DELETE", `/runtimes/${name}`)).status).toBe(200);
    await eventually(async () => (await cluster.runtime(name)) === undefined, { timeoutMs: 30_000 });
    await untilGone(name);
    expect(routeWrites(sinceMs).filter((write) => write.name === name)).toHaveLength(1);
  });
});

describe("the Route of a runtime", () => {
  it("comes back when somebody deletes it", async () => {
    const { name } = await routedPool("deleted");
    const { metadata } = await untilRoute(cluster.admin, ref(name));
    await cluster.admin.delete(Route, metadata, { uid: metadata.uid });
    await untilRoute(cluster.admin, ref(name), (route) => route.metadata.uid !== metadata.uid);
  });

  it("is put right when somebody changes it, and keeps what they added", async () => {
    const { name } = await routedPool("edited");
    const policy = { bodyLimit: { maxBytes: 1000 } };
    await cluster.admin.patch(Route, ref(name), [
      { op: "add", path: "/spec/policy", value: policy },
      { op: "replace", path: "/spec/hosts/0", value: "elsewhere.example.org" },
    ]);
    const { spec } = await untilRoute(cluster.admin, ref(name), (route) => route.metadata.generation === 3);
    expect(spec.hosts).toContain("runtimes.example.org");
    expect(spec.policy).toMatchObject(policy);
  });

  it("is another one for another Pod of that name", async () => {
    const { name, uid } = await routedPool("renewed");
    const before = await untilRoute(cluster.admin, ref(name));
    // As after a pause: the Pod of before is gone, and its Route is not yet.
    const { labels, annotations } = before.metadata;
    const ownerReferences = [{ apiVersion: "v1", kind: "Pod", name, uid: "the-pod-of-before" }];
    const held = cluster.proxy.inject({ verb: "patch", resource: "routes", act: dropBefore() });
    await cluster.admin.delete(Route, before.metadata, { uid: before.metadata.uid });
    await held.struck();
    const { apiVersion, kind, spec } = before;
    const metadata = { ...ref(name), labels, annotations, ownerReferences };
    const old = await cluster.admin.create(Route, { apiVersion, kind, spec, metadata });
    held.remove();
    const route = await untilRoute(cluster.admin, ref(name), (one) =>
      Boolean(one.metadata.ownerReferences?.some((owner) => owner.uid === uid)),
    );
    expect(route.metadata.uid).not.toBe(old.metadata.uid);
  });

  it("is left alone when it is somebody else's, also before the watch has told of it", async () => {
    const onRoutes = { client: replica.name, resource: "routes" } as const;
    const held = cluster.proxy.inject({ ...onRoutes, verb: "patch", act: dropBefore() });
    const unseen = cluster.proxy.inject({ ...onRoutes, verb: "watch", act: freezeWatch() });
    await createPool("taken");
    const [runtime] = await untilReady("taken");
    const name = runtime!.name;
    const { metadata, apiVersion, kind, spec } = await untilRoute(
      cluster.admin,
      ref((await anyRuntime()).name),
    );
    const { labels } = metadata;
    const foreign = { apiVersion, kind, spec, metadata: { ...ref(name), labels } };
    await cluster.admin.create(Route, foreign);
    held.remove();
    await eventually(
      () =>
        cluster.proxy.log
          .select({ ...onRoutes, verb: "patch" })
          .some((patch) => patch.name === name && patch.upstreamStatus === 409),
      { message: "a refused patch of somebody else's Route" },
    );
    unseen.remove();
    await eventually(
      async () => (await untilRouted("taken", "False")).message.includes("another one of that name is there"),
      { message: "the pool saying whose Route is in the way" },
    );
    const left = await untilRoute(cluster.admin, ref(name));
    expect(left.spec).toEqual(spec);
    expect(left.metadata.ownerReferences).toBeUndefined();
  });

  it("is written by the next leader when the first one died before", async () => {
    const held = cluster.proxy.inject({
      client: "first",
      verb: "patch",
      resource: "routes",
      act: dropBefore(),
    });
    await createPool("orphaned", 2);
    const runtimes = await untilReady("orphaned", 2);
    await held.struck();
    await replica.kill();
    held.remove();
    await cluster.expireLease();
    replica = await cluster.startReplica("second", { settings });
    for (const { name } of runtimes)
      await reportRoute(cluster.admin, await untilRoute(cluster.admin, ref(name)));
    await cluster.available("orphaned", 2);
  });
});

/** A runtime of an earlier test that has a Route. */
async function anyRuntime(): Promise<Runtime> {
  const [runtime] = await cluster.runtimes({ pool: "shown" });
  return runtime!;
}

function untilGone(name: string): Promise<unknown> {
  return eventually(
    async () => {
      const { items } = await cluster.admin.list(Route, {
        namespace: cluster.namespace,
        fieldSelector: `metadata.name=${name}`,
      });
      return items.length === 0;
    },
    { timeoutMs: 40_000, message: `Route ${name} being gone` },
  );
}
