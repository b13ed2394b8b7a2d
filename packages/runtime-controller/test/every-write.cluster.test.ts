import { randomUUID } from "node:crypto";
import { eventually } from "@datalayer/devcluster/testkit/eventually";
import {
  type Act,
  answer,
  dropAfter,
  dropBefore,
  type FaultHandle,
  type ProxiedRequest,
} from "@datalayer/devcluster/testkit/fault-proxy";
import { RuntimeEnvironment } from "@datalayer/shared/crds/runtime-environment";
import { Event, Lease, PersistentVolumeClaim, Pod, Secret } from "@datalayer/shared/kube/kinds";
import { beforeAll, describe, expect, it } from "vitest";
import { type Harness, startHarness, type TestReplica } from "./harness.ts";
import { assertNoDoubleAssignment, type Given, type PodHistory } from "./pod-history.ts";
import type { Answer } from "./test-replica.ts";

const size = 4;
const pool = "pool";
/** How often each fault strikes each write. */
const strikes = 1;

/** What may happen to a write. */
const acts: [string, Act][] = [
  ["is lost", dropBefore()],
  ["is carried out without an answer", dropAfter()],
  ["meets a conflict", answer(409)],
  ["fails", answer(500)],
  ["comes to a server without time", answer(429, { retryAfter: 1 })],
];

let cluster: Harness;
let replica: TestReplica;
let history: PodHistory;
const given: Given[] = [];

beforeAll(async () => {
  cluster = await startHarness();
  replica = await cluster.startReplica("first");
  await cluster.warmPool({ name: pool, size });
  history = await cluster.record();
});

/** What the operator writes of lives, beyond its lease and Events, which may be lost. */
const signatureOf = ({ verb, resource }: ProxiedRequest): string => `${verb} ${resource}`;
const signatures = (sinceMs: number): string[] => {
  const exceptResource = [Lease.plural, Event.plural];
  return [...new Set(cluster.proxy.log.writes({ sinceMs, exceptResource }).map(signatureOf))].sort();
};

/** Asks until the answer is one of those that are wanted, as a caller does that gets none. */
async function persist(wanted: readonly number[], ask: () => Promise<Answer>): Promise<Answer> {
  return eventually(
    async () => {
      const got = await ask();
      return wanted.includes(got.status) && got;
    },
    { timeoutMs: 60_000, intervalMs: 100, message: `one of ${wanted.join(", ")}` },
  );
}

/** Claims a runtime; 410 says that the one of this key was given up, and another key has to do. */
async function claim(wish: object = {}): Promise<string> {
  for (;;) {
    const key = randomUUID();
    const body = { pool_name: pool, user_uid: key, env_vars: [{ name: "A", value: key }], ...wish };
    const { status, body: got } = await persist([201, 202, 410], () => replica.claim(body, key));
    if (status === 410) continue;
    given.push({ claimant: key, podName: got.runtime.pod_name });
    return got.runtime.pod_name;
  }
}

const end = (name: string) => persist([200, 404], () => replica.ask("DELETE", `/runtimes/${name}`));
const state = async (name: string): Promise<string> =>
  (await replica.ask("GET", `/runtimes/${name}`)).body.runtime.state;
const until = (name: string, wanted: string) =>
  eventually(async () => (await state(name)) === wanted, {
    timeoutMs: 60_000,
    message: `${name} being ${wanted}`,
  });

/** The lives of a warm runtime, of one that is created for its claim, and of one that pauses. */
const lives = [
  async () => end(await claim()),
  async () => end(await claim({ size_class: "small" })),
  async () => {
    const name = await claim({ capabilities: ["user_storage"] });
    await until(name, "assigned");
    for (const wish of ["pause", "resume"]) {
      await persist([202], () => replica.ask("POST", `/runtimes/${name}/${wish}`));
      await until(name, wish === "pause" ? "paused" : "assigned");
    }
    await end(name);
  },
  async () => {
    const tags = { op: "add" as const, path: "/spec/env", value: [{ name: "TURN", value: randomUUID() }] };
    await cluster.admin.patch(RuntimeEnvironment, { namespace: cluster.namespace, name: pool }, [tags]);
  },
];

/** Written once for a hundred records of usage, so it is struck at its first time. */
const rare = "create configmaps";

/** Strikes each of these writes with each act: one after the other, and between them writes get through. */
function injectAll(writes: readonly string[]): [string, FaultHandle][] {
  return writes.flatMap((signature) =>
    acts.map(([what, act], index): [string, FaultHandle] => {
      const turns = signature === rare ? acts.length : 2 * acts.length;
      let seen = index;
      const where = (request: ProxiedRequest): boolean =>
        signatureOf(request) === signature && seen++ % turns === 0;
      return [`${signature} ${what}`, cluster.proxy.inject({ client: "first", where, times: strikes, act })];
    }),
  );
}

describe("given that every write of the operator is struck by every fault", () => {
  it("gives no runtime twice, loses no usage, leaves nothing behind, and ends as without faults", async () => {
    const { admin, namespace, proxy } = cluster;
    const startMs = performance.now();
    const first = injectAll([rare]);
    for (const live of lives) await live();
    await cluster.available(pool, size);
    await eventually(() => signatures(startMs).includes("delete persistentvolumeclaims"), {
      timeoutMs: 20_000,
      message: "the home being gone",
    });
    const writes = signatures(startMs).filter((one) => one !== rare);
    const faults = [...first, ...injectAll(writes)];
    const open = () => faults.filter(([, fault]) => fault.hits < strikes).map(([what]) => what);
    const endMs = performance.now() + 150_000;
    while (open().length > 0 && performance.now() < endMs)
      await Promise.all([...lives, ...lives.slice(0, 2)].map((live) => live()));
    expect(open()).toEqual([]);

    await eventually(() => history.held().length === 0, { timeoutMs: 60_000, message: "every end" });
    assertNoDoubleAssignment(history, given);
    await cluster.available(pool, size);
    const uids = history
      .assigned()
      .filter(({ name }) => given.some(({ podName }) => podName === name))
      .map(({ uid }) => uid);
    const recorded = await eventually(
      async () => {
        const ids = await usage();
        return uids.every((uid) => ids.includes(uid)) && ids;
      },
      { timeoutMs: 60_000, message: "the usage of all" },
    );
    expect(recorded.length).toBe(new Set(recorded).size);

    const rest = async (): Promise<string[]> => {
      const pods = new Set((await admin.list(Pod, { namespace })).items.map(({ metadata }) => metadata.name));
      const secrets = (await admin.list(Secret, { namespace })).items.map(({ metadata }) => metadata.name);
      const homes = (await admin.list(PersistentVolumeClaim, { namespace })).items;
      return [
        ...secrets.filter((name) => /-(token|claim)$/.test(name) && !pods.has(name.replace(/-\w+$/, ""))),
        ...homes.map(({ metadata }) => metadata.name),
        ...(pods.size === size ? [] : [`${pods.size} Pods`]),
      ];
    };
    await eventually(async () => (await rest()).length === 0, { timeoutMs: 30_000, message: "no traces" });
    await eventually(
      async () => {
        const sinceMs = performance.now();
        const renewals = () => proxy.log.commits({ sinceMs, resource: Lease.plural }).length;
        await eventually(() => renewals() >= 2, { timeoutMs: 30_000, message: "the lease" });
        return proxy.log.writes({ sinceMs, exceptResource: Lease.plural }).length === 0;
      },
      { timeoutMs: 60_000, message: "nothing being written" },
    );
  }, 400_000);
});

/** The ids of all records of usage. */
async function usage(): Promise<string[]> {
  const ids: string[] = [];
  for (let from = "0", more = true; more;) {
    const { body } = await replica.ask("GET", `/usage?limit=1000&continue=${from}`);
    const page = body as unknown as { usage: { id: string }[]; continue: string; more: boolean };
    ids.push(...page.usage.map(({ id }) => id));
    ({ continue: from, more } = page);
  }
  return ids;
}
