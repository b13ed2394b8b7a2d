import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { testNamespace, useCluster } from "@datalayer/devcluster/testkit/cluster";
import {
  delay,
  hold,
  startFaultProxy,
  type FaultProxy,
  type ProxiedClient,
  type ProxiedRequest,
} from "@datalayer/devcluster/testkit/fault-proxy";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../clock/clock.ts";
import { loadAccess } from "../kube/access.ts";
import { ConfigMap, Lease } from "../kube/kinds.ts";
import type { ObjectRef } from "../kube/object.ts";
import { RestClient } from "../kube/rest.ts";
import { LeaderElector, type ElectionEnd, type ElectionTiming } from "./leader-election.ts";
import { kubeLease } from "./lease.ts";
import type { Term } from "./leader-term.ts";

/** As the defaults, ten times as fast. */
const timing: ElectionTiming = { leaseDurationMs: 1_500, renewDeadlineMs: 1_000, retryPeriodMs: 200 };

let namespace: string;
let lease: ObjectRef;
let proxy: FaultProxy;
let clients: RestClient[] = [];
let replicas: Replica[] = [];

beforeAll(async () => {
  namespace = await testNamespace();
});

beforeEach(async () => {
  proxy = await startFaultProxy(await useCluster());
  lease = { namespace, name: `lease-${randomBytes(4).toString("hex")}` };
});

afterEach(async () => {
  for (const replica of replicas) replica.stop.abort();
  proxy.clearFaults();
  await proxy.close();
  await Promise.all(clients.map((client) => client.close()));
  [clients, replicas] = [[], []];
});

/** A candidate that, while it leads, writes as fast as the API server lets it. */
interface Replica {
  readonly name: string;
  readonly way: ProxiedClient;
  readonly stop: AbortController;
  term: Term | undefined;
  end: ElectionEnd | undefined;
  readonly ended: Promise<ElectionEnd>;
}

function newClient(kubeconfigPath: string): RestClient {
  const client = new RestClient({
    access: loadAccess({ kubeconfigPath }),
    userAgent: "election-test",
    fieldManager: "election-test",
  });
  clients.push(client);
  return client;
}

async function startReplica(name: string): Promise<Replica> {
  const way = await proxy.client(name);
  const client = newClient(way.kubeconfigPath);
  const elector = new LeaderElector({ lease: kubeLease(client.lane(), lease), identity: name, timing });
  const stop = new AbortController();
  const { promise: ended, resolve } = Promise.withResolvers<ElectionEnd>();
  const replica: Replica = { name, way, stop, term: undefined, end: undefined, ended };
  replicas.push(replica);
  void elector
    .run(stop.signal, async (term) => {
      replica.term = term;
      await writeWhile(client.bindTo(term.signal), term.signal, stop.signal);
    })
    .then((end) => resolve((replica.end = end)));
  return replica;
}

async function writeWhile(kube: RestClient, leading: AbortSignal, stop: AbortSignal): Promise<void> {
  while (!leading.aborted && !stop.aborted) {
    const metadata = { namespace, name: `w-${randomBytes(8).toString("hex")}` };
    await kube.create(ConfigMap, { apiVersion: "v1", kind: "ConfigMap", metadata }).catch(() => undefined);
    await systemClock.sleep(10);
  }
}

const leading = (replica: Replica): boolean =>
  replica.term?.signal.aborted === false && replica.end === undefined;

const writesOf = (replica: Replica) => proxy.log.writes({ client: replica.name, resource: "configmaps" });

/** When the last renewal that the API server accepted set out, as the proxy saw it. */
function lastRenewalMs(replica: Replica): number {
  const renewals = proxy.log.commits({ client: replica.name, resource: "leases" });
  return renewals.findLast(({ status }) => status !== undefined)!.startedAtMs;
}

describe("a leader", () => {
  it("renews with one write and no read", async () => {
    const a = await startReplica("a");
    await eventually(() => leading(a));
    proxy.log.clear();
    await eventually(() => proxy.log.commits({ resource: "leases" }).length >= 5);
    expect(proxy.log.select({ resource: "leases", verb: "get" })).toEqual([]);
  });

  it.each(["hang", "reset"] as const)(
    "writes nothing after its renew deadline when cut off (%s)",
    async (how) => {
      const a = await startReplica("a");
      await eventually(() => writesOf(a).length > 5);
      a.way.partition(how);
      expect(await a.ended).toBe("lost");
      const deadlineMs = lastRenewalMs(a) + timing.renewDeadlineMs;
      // A write that the network held back would arrive, however late: none may be left in the proxy. (One that
      // was on its way at the cut has arrived; its answer is held until the end of the cut.)
      const isHeldBack = ({ forwardedAtMs, endedAtMs }: ProxiedRequest) => !forwardedAtMs && !endedAtMs;
      await eventually(() => !writesOf(a).some(isHeldBack));
      a.way.heal();
      const healedMs = performance.now();
      await eventually(() => performance.now() > healedMs + 500);
      expect(writesOf(a).filter(({ forwardedAtMs = 0 }) => forwardedAtMs > deadlineMs)).toEqual([]);
    },
  );

  it("stops writing before the lease expires when only the lease API hangs", async () => {
    const a = await startReplica("a");
    await eventually(() => writesOf(a).length > 5);
    proxy.inject({ resource: "leases", client: "a", act: hold() });
    expect(await a.ended).toBe("lost");
    const lastWriteMs = writesOf(a).at(-1)!.startedAtMs;
    const deadlineMs = lastRenewalMs(a) + timing.renewDeadlineMs;
    // It went on while it could, and not a moment longer than it may.
    expect(lastWriteMs).toBeGreaterThan(deadlineMs - 500);
    expect(lastWriteMs).toBeLessThan(deadlineMs);
  });

  it("gives the lease back; another leads in less than 2 s, and no write of the first follows", async () => {
    const a = await startReplica("a");
    await eventually(() => leading(a));
    const b = await startReplica("b");
    await eventually(() => proxy.log.select({ client: "b", resource: "leases" }).length > 0);
    const stoppedMs = performance.now();
    a.stop.abort();
    await eventually(() => leading(b), { intervalMs: 5 });
    expect(performance.now() - stoppedMs).toBeLessThan(2_000);
    expect(a.end).toBe("stopped");
    expect(b.term!.epoch).toBe(a.term!.epoch + 1);
    await eventually(() => writesOf(b).length > 5);
    const takenMs = proxy.log.commits({ client: "b", resource: "leases" })[0]!.startedAtMs;
    expect(writesOf(a).filter(({ startedAtMs }) => startedAtMs > takenMs)).toEqual([]);
  });

  it("leaves the lease without a holder when it has given it back", async () => {
    const a = await startReplica("a");
    await eventually(() => leading(a));
    a.stop.abort();
    await a.ended;
    const { kubeconfigPath } = await useCluster();
    const stored = await newClient(kubeconfigPath).get(Lease, lease);
    expect(stored.spec!.holderIdentity).toBeUndefined();
    expect(stored.spec!.leaseTransitions).toBe(0);
  });
});

describe("a process that leads", () => {
  const script = fileURLToPath(new URL("../../test/leading-process.ts", import.meta.url));

  async function startProcess(name: string) {
    const { kubeconfigPath } = await proxy.client(name);
    const child = spawn(
      process.execPath,
      [script, kubeconfigPath, namespace, lease.name, JSON.stringify(timing)],
      {
        stdio: "inherit",
      },
    );
    const exited = once(child, "exit");
    await eventually(() => proxy.log.writes({ client: name, resource: "configmaps" }).length > 5);
    return { child, exited };
  }

  it("decides on no write when it wakes up after another has taken over", async () => {
    const { child, exited } = await startProcess("paused");
    child.kill("SIGSTOP");
    const b = await startReplica("b");
    await eventually(() => writesOf(b).length > 0);
    const wokenMs = Date.now();
    child.kill("SIGCONT");
    expect(await exited).toEqual([1, null]);
    // A write that was decided on before, and on its way inside the process, cannot be told from one in the network.
    const decidedAtMs = proxy.log
      .writes({ client: "paused", resource: "configmaps" })
      .map(({ body }) => Number((JSON.parse(body!) as ConfigMap).data!["decidedAtMs"]));
    expect(decidedAtMs.filter((ms) => ms >= wokenMs)).toEqual([]);
    expect(decidedAtMs.length).toBeGreaterThan(5);
    expect(leading(b)).toBe(true);
  });

  it("is followed when it was killed, once its lease has expired", async () => {
    const { child, exited } = await startProcess("killed");
    const b = await startReplica("b");
    child.kill("SIGKILL");
    await exited;
    await eventually(() => leading(b));
    const last = proxy.log.commits({ client: "killed", resource: "leases" }).at(-1)!;
    const taken = proxy.log.commits({ client: "b", resource: "leases" })[0]!;
    expect(taken.startedAtMs - last.startedAtMs).toBeGreaterThan(timing.leaseDurationMs);
  });
});

describe("two candidates", () => {
  it("never lead at the same time, through partitions, delayed answers and replacements", async () => {
    let current = [await startReplica("a-0"), await startReplica("b-0")];
    let generation = 0;
    let takeovers = 0;
    let mostLeaders = 0;
    const watching = setInterval(() => {
      mostLeaders = Math.max(mostLeaders, replicas.filter(leading).length);
    }, 2);

    /** A process that lost its lease exits, and another one starts in its place. */
    const replaceEnded = async (): Promise<void> => {
      current = await Promise.all(
        current.map((replica) =>
          replica.end ? startReplica(`${replica.name[0]!}-${++generation}`) : Promise.resolve(replica),
        ),
      );
    };
    const faults: ((leader: Replica) => void)[] = [
      (leader) => leader.way.partition("hang"),
      (leader) => leader.way.partition("reset"),
      (leader) => leader.stop.abort(),
      ({ name }) => proxy.inject({ client: name, resource: "leases", act: delay(1_200, "reply") }),
      ({ name }) => proxy.inject({ client: name, resource: "leases", act: hold() }),
    ];
    for (const fault of faults) {
      const leader = await eventually(() => current.find(leading));
      fault(leader);
      await eventually(() => leader.end);
      const next = await eventually(() => current.find(leading));
      expect(next).not.toBe(leader);
      takeovers++;
      proxy.clearFaults();
      leader.way.heal();
      await replaceEnded();
    }
    clearInterval(watching);
    expect(takeovers).toBe(faults.length);
    expect(mostLeaders).toBe(1);
    expectNoInterleavedWrites();
  }, 60_000);
});

/** What the API server saw: the writes of one leader end before those of the next begin. */
function expectNoInterleavedWrites(): void {
  const accepted = proxy.log.commits({ resource: "configmaps" });
  const order = accepted
    .toSorted((a, b) => a.forwardedAtMs! - b.forwardedAtMs!)
    .map(({ client }) => client)
    .filter((client, index, all) => client !== all[index - 1]);
  expect(order).toEqual([...new Set(order)]);
}
