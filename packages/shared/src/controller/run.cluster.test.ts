import { randomBytes } from "node:crypto";
import { testNamespace, useCluster } from "@datalayer/devcluster/testkit/cluster";
import { eventually } from "@datalayer/devcluster/testkit/eventually";
import {
  startFaultProxy,
  type FaultProxy,
  type ProxiedClient,
} from "@datalayer/devcluster/testkit/fault-proxy";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { installWidgets, Widget } from "../../test/widget.ts";
import { systemClock } from "../clock/clock.ts";
import { loadAccess } from "../kube/access.ts";
import { Informer } from "../kube/informer.ts";
import { ConfigMap } from "../kube/kinds.ts";
import type { ObjectRef } from "../kube/object.ts";
import { RestClient } from "../kube/rest.ts";
import { controller, type Controller } from "./controller.ts";
import { LeaderElector, type ElectionEnd } from "./leader-election.ts";
import { kubeLease } from "./lease.ts";
import { settled } from "./outcome.ts";
import { runControllers } from "./run.ts";
import { singleton, type TickContext } from "./singleton.ts";

const timing = { leaseDurationMs: 1_500, renewDeadlineMs: 1_000, retryPeriodMs: 200 };

let namespace: string;
let direct: RestClient;
let proxy: FaultProxy;
let lease: ObjectRef;
let replicas: Replica[];

beforeAll(async () => {
  const { kubeconfigPath } = await useCluster();
  direct = newClient(kubeconfigPath);
  namespace = await testNamespace();
  await installWidgets(direct);
  await eventually(() => direct.list(Widget, { namespace }), { message: "widgets being served" });
  return () => direct.close();
});

beforeEach(async () => {
  proxy = await startFaultProxy(await useCluster());
  lease = { namespace, name: `lease-${randomBytes(4).toString("hex")}` };
  replicas = [];
});

afterEach(async () => {
  for (const { way, stop } of replicas) {
    way.heal();
    stop.abort();
  }
  await Promise.all(replicas.map(({ ended }) => ended));
  await Promise.all(replicas.map(({ client }) => client.close()));
  await proxy.close();
});

function newClient(kubeconfigPath: string): RestClient {
  const access = loadAccess({ kubeconfigPath });
  return new RestClient({ access, userAgent: "run-test", fieldManager: "run-test" });
}

type Make = (informer: Informer<Widget>) => Controller;

interface Replica {
  name: string;
  way: ProxiedClient;
  client: RestClient;
  informer: Informer<Widget>;
  stop: AbortController;
  ended: Promise<ElectionEnd>;
}

async function startReplica(name: string, make: Make, drainMs?: number): Promise<Replica> {
  const way = await proxy.client(name);
  const client = newClient(way.kubeconfigPath);
  const informer = new Informer({ client, kind: Widget, namespace });
  const stop = new AbortController();
  const elector = new LeaderElector({ lease: kubeLease(client.lane(), lease), identity: name, timing });
  const controllers = [make(informer)];
  const options = { name: "datalayer.io/test", controllers, informers: [informer], elector, client };
  const ended = runControllers({
    ...options,
    signal: stop.signal,
    ...(drainMs !== undefined && { drainMs }),
  });
  const replica = { name, way, client, informer, stop, ended };
  replicas.push(replica);
  return replica;
}

async function createWidget(size: number): Promise<Widget> {
  const name = `w-${randomBytes(4).toString("hex")}`;
  const { apiVersion, kind } = Widget;
  return direct.create(Widget, { apiVersion, kind, metadata: { namespace, name }, spec: { size } });
}

const sizeInStatus = async (ref: ObjectRef) => (await direct.get(Widget, ref)).status?.size;

/** Reports the size as found. */
const echo: Make = (informer) =>
  controller({
    name: "widget",
    for: Widget,
    informer,
    reconcile: (widget) => Promise.resolve({ status: { size: widget.spec.size }, outcome: settled() }),
  });

const statusWrites = ({ name: client }: Replica) => proxy.log.commits({ client, resource: "widgets/status" });

describe("two replicas", () => {
  it("both fill their caches, and one of them writes", async () => {
    const a = await startReplica("a", echo);
    const { metadata } = await createWidget(1);
    await eventually(async () => (await sizeInStatus(metadata)) === 1);
    const b = await startReplica("b", echo);
    await eventually(() => b.informer.get(metadata));
    const next = await createWidget(2);
    await eventually(async () => (await sizeInStatus(next.metadata)) === 2);
    expect(statusWrites(a)).toHaveLength(2);
    expect(proxy.log.writes({ client: "b" })).toEqual([]);
  });

  it("hand over in less than 2 s; the next one takes up what was left and repeats nothing", async () => {
    const a = await startReplica("a", echo);
    const { metadata } = await createWidget(1);
    await eventually(async () => (await sizeInStatus(metadata)) === 1);
    const b = await startReplica("b", echo);
    await eventually(() => b.informer.get(metadata));
    const stoppedMs = performance.now();
    a.stop.abort();
    const next = await createWidget(2);
    await eventually(async () => (await sizeInStatus(next.metadata)) === 2);
    expect(performance.now() - stoppedMs).toBeLessThan(2_000);
    expect(await a.ended).toBe("stopped");
    const names = statusWrites(b).map(({ name }) => name);
    expect(names).toEqual([next.metadata.name]);
  });

  it("are followed by the other when one loses its lease; the loser ends as lost", async () => {
    const a = await startReplica("a", echo);
    const first = await createWidget(1);
    await eventually(async () => (await sizeInStatus(first.metadata)) === 1);
    const b = await startReplica("b", echo);
    a.way.partition();
    expect(await a.ended).toBe("lost");
    const { metadata } = await createWidget(3);
    await eventually(async () => (await sizeInStatus(metadata)) === 3);
    expect(statusWrites(b).length).toBeGreaterThan(0);
  });
});

describe("a stop", () => {
  it("lets the work in progress finish before the lease is given back", async () => {
    const { promise: begun, resolve: begin } = Promise.withResolvers<undefined>();
    const { promise: mayEnd, resolve: finish } = Promise.withResolvers<undefined>();
    const a = await startReplica("a", (informer) =>
      controller({
        name: "widget",
        for: Widget,
        informer,
        reconcile: async (widget) => {
          if (widget.spec.size !== -5) return { outcome: settled() };
          begin(undefined);
          await mayEnd;
          return { status: { size: -5 }, outcome: settled() };
        },
      }),
    );
    const { metadata } = await createWidget(-5);
    await begun;
    a.stop.abort();
    finish(undefined);
    expect(await a.ended).toBe("stopped");
    expect(await sizeInStatus(metadata)).toBe(-5);
    const log = proxy.log.commits({ client: "a", resource: ["widgets/status", "leases"] });
    expect(log.at(-1)!.resource).toBe("leases");
  });

  it("aborts work that does not finish in time", async () => {
    const { promise: begun, resolve: begin } = Promise.withResolvers<undefined>();
    const a = await startReplica(
      "a",
      (informer) =>
        controller({
          name: "widget",
          for: Widget,
          informer,
          reconcile: async (widget, { signal }) => {
            if (widget.spec.size === -6) {
              begin(undefined);
              await systemClock.sleep(3_600_000, signal);
            }
            return { outcome: settled() };
          },
        }),
      100,
    );
    await createWidget(-6);
    await begun;
    a.stop.abort();
    expect(await a.ended).toBe("stopped");
  });

  it("ends one that is still waiting for its caches", async () => {
    (await proxy.client("a")).partition();
    const a = await startReplica("a", echo);
    a.stop.abort();
    expect(await a.ended).toBe<ElectionEnd>("stopped");
  });
});

describe("a singleton", () => {
  it("ticks while it leads, at once when asked, and again after an error", async () => {
    const ticks: TickContext[] = [];
    const scaling = singleton({
      name: "node-scaling",
      everyMs: 3_600_000,
      tick: (context) => {
        ticks.push(context);
        if (ticks.length === 2) throw new Error("the cloud is down");
        return Promise.resolve();
      },
    });
    await startReplica("a", () => scaling);
    await eventually(() => ticks.length === 1);
    await eventually(() => {
      if (ticks.length < 2) scaling.enqueue({ name: "pressure" });
      return ticks.length >= 3;
    });
    expect(ticks[0]!.epoch).toBe(0);
  });

  it("can write nothing after its deadline", async () => {
    const late = Promise.withResolvers<unknown>();
    const slow = singleton({
      name: "slow",
      everyMs: 3_600_000,
      deadlineMs: 20,
      tick: async ({ kube, signal }) => {
        await systemClock.sleep(3_600_000, signal).catch(() => undefined);
        const metadata = { namespace, name: "late" };
        const write = kube.create(ConfigMap, { apiVersion: "v1", kind: "ConfigMap", metadata });
        write.then(late.resolve, late.reject);
        await write;
      },
    });
    await startReplica("a", () => slow);
    await expect(late.promise).rejects.toThrow();
    expect(proxy.log.writes({ resource: "configmaps" })).toEqual([]);
  });
});
