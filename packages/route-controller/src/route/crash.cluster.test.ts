import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { dropBefore, hold } from "@datalayer/devcluster/testkit/fault-proxy";
import { Route, type RouteSpec } from "@datalayer/shared/crds/route";
import { IngressRoute, Middleware } from "@datalayer/shared/crds/traefik";
import { EndpointSlice, Lease, Service } from "@datalayer/shared/kube/kinds";
import type { KubeObject } from "@datalayer/shared/kube/object";
import { beforeAll, describe, expect, it } from "vitest";
import { type Harness, startHarness } from "../../test/harness.ts";
import type { TestReplica } from "../../test/test-replica.ts";
import { managedBy } from "./names.ts";

let cluster: Harness;
let replica: TestReplica;
let started = 0;

beforeAll(async () => {
  cluster = await startHarness();
  await cluster.createClass();
  await cluster.serve("target", [{ address: "192.0.2.1" }]);
  await cluster.createPod("lab", { address: "10.9.3.1" });
  replica = await cluster.startReplica(`replica-${++started}`);
});

const toService: RouteSpec["rules"] = [{ targets: [{ service: { name: "target" }, port: 80 }] }];
const toPod: RouteSpec["rules"] = [{ targets: [{ pod: { name: "lab" }, port: 8080 }] }];
const retrying: Partial<RouteSpec> = { rules: toPod, policy: { retry: { attempts: 2 } } };

/** What was made of a Route, as kinds; EndpointSlices with their addresses. */
async function madeOf(name: string): Promise<string[]> {
  const { namespace } = cluster;
  const labelSelector = `${managedBy.label}=${managedBy.value}`;
  const selection = { namespace, labelSelector };
  const lists: { items: KubeObject[] }[] = await Promise.all([
    cluster.admin.list(Service, selection),
    cluster.admin.list(Middleware, selection),
    cluster.admin.list(IngressRoute, selection),
  ]);
  const { items: slices } = await cluster.admin.list(EndpointSlice, selection);
  const own = lists
    .flatMap(({ items }) => items)
    .filter(({ metadata }) => metadata.ownerReferences?.some((owner) => owner.name === name));
  const services = new Set(own.map(({ metadata }) => metadata.uid));
  const endpoints = slices
    .filter(({ metadata }) => metadata.ownerReferences?.some(({ uid }) => services.has(uid)))
    .flatMap((slice) => (slice.endpoints ?? []).flatMap(({ addresses }) => addresses));
  return [...own.map(({ kind }) => kind), ...endpoints].toSorted();
}

/** Something that is done to a Route, and what has to be there in the end. */
interface Step {
  from: Partial<RouteSpec> | undefined;
  to: Partial<RouteSpec>;
  made: string[];
}

const steps: Record<string, Step> = {
  creation: {
    from: undefined,
    to: retrying,
    made: ["10.9.3.1", "IngressRoute", "Middleware", "Middleware", "Service"],
  },
  change: { from: retrying, to: { rules: toService }, made: ["IngressRoute", "Middleware"] },
  refusal: { from: retrying, to: { routeClassName: "absent", rules: toPod }, made: [] },
};

const write = async (name: string, spec: Partial<RouteSpec>, exists: boolean): Promise<void> => {
  if (!exists) {
    await cluster.createRoute(name, spec);
    return;
  }
  const { metadata, spec: before } = await cluster.route(name);
  const { policy, ...kept } = before;
  expect(policy).toBeDefined();
  await cluster.admin.patch(Route, metadata, [{ op: "replace", path: "/spec", value: { ...kept, ...spec } }]);
};

const untilMade = (name: string, made: string[]): Promise<unknown> =>
  eventually(
    async () => {
      expect(await madeOf(name)).toEqual(made);
      const { metadata, status } = await cluster.route(name);
      return status?.observedGeneration === metadata.generation;
    },
    { timeoutMs: 30_000, message: `${name} being made into ${made.join(", ")}` },
  );

/** Kills the replica after so many writes, and before the next one; false when it needs no further write. */
async function killedAfter(
  writes: number,
  take: () => Promise<void>,
  done: () => Promise<unknown>,
): Promise<boolean> {
  const sinceMs = performance.now();
  const rule = {
    client: replica.name,
    verb: ["create", "patch", "update", "delete"],
    resource: ["services", "endpointslices", "middlewares", "ingressroutes", "routes/status"],
  } as const;
  const last = cluster.proxy.inject({ ...rule, nth: writes, act: hold("reply") });
  const next = cluster.proxy.inject({ ...rule, nth: writes + 1, times: Infinity, act: dropBefore() });
  await take();
  const isReached = await Promise.race([last.struck().then(() => true), done().then(() => false)]);
  if (isReached) {
    await eventually(
      () => cluster.proxy.log.writes({ ...rule, sinceMs })[writes - 1]?.upstreamStatus !== undefined,
      { message: `write ${writes} being carried out` },
    );
    await replica.kill();
    const ref = { namespace: cluster.namespace, name: "route-controller" };
    const { metadata } = await cluster.admin.get(Lease, ref);
    await cluster.admin.delete(Lease, ref, { uid: metadata.uid });
  }
  last.remove();
  next.remove();
  return isReached;
}

describe("a replica that is killed", () => {
  it.each(Object.entries(steps))(
    "after any write of a %s leaves what the next one finishes, and nothing too much",
    async (title, { from, to, made }) => {
      for (let writes = 1; ; writes++) {
        const name = `${title}-${writes}`;
        if (from) {
          await write(name, from, false);
          await untilMade(name, steps["creation"]!.made);
          await cluster.condition(name, "Programmed", "Unknown", { reason: "NoDataPlane" });
        }
        const wasKilled = await killedAfter(
          writes,
          () => write(name, to, from !== undefined),
          () => untilMade(name, made),
        );
        if (wasKilled) replica = await cluster.startReplica(`replica-${++started}`);
        await untilMade(name, made);
        if (wasKilled) continue;
        expect(writes).toBeGreaterThan(3);
        return;
      }
    },
    240_000,
  );
});
