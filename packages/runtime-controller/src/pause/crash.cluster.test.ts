import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { dropBefore, hold, type ProxiedRequest } from "@datalayer/devcluster/testkit/fault-proxy";
import { beforeAll, describe, expect, it } from "vitest";
import { type Harness, startHarness, type TestReplica } from "../../test/harness.ts";
import { type HomeRest, untilAtRest } from "../../test/home-state.ts";
import type { PodHistory } from "../../test/pod-history.ts";
import type { UsageRecord } from "../end-of-life/usage-record.ts";
import type { RuntimeView } from "../http/schemas.ts";

let cluster: Harness;
let replica: TestReplica;
let history: PodHistory;
let started = 0;
/** Every new leader looks after the tokens of these too. */
const others = new Set<string>();

const nextReplica = async (): Promise<void> => {
  replica = await cluster.startReplica(`replica-${++started}`, {
    settings: { DATALAYER_RUNTIMES_URL: "https://r1.example", DATALAYER_RUNTIME_ROUTES: "none" },
  });
};

beforeAll(async () => {
  cluster = await startHarness();
  await nextReplica();
  history = await cluster.record();
  await cluster.warmPool({ name: "python", size: 0, burningRate: 0.5 });
  // The first claim of all also writes the keys of tokens, before anything of a runtime.
  others.add((await claim("first")).pod_name);
  await untilAtRest(cluster, "first", "running");
});

/** A claim's Idempotency-Key is its reservation. */
const claim = async (reservation: string): Promise<RuntimeView> => {
  const body = {
    environment_name: "python",
    capabilities: ["user_storage"],
    given_name: "Mine",
    reservation_id: reservation,
    credits_limit: 1000,
  };
  return (await replica.claim(body, reservation)).body.runtime;
};

const shown = async (name: string): Promise<RuntimeView> =>
  (await replica.ask("GET", `/runtimes/${name}`)).body.runtime;

const spansOf = async (reservation: string): Promise<number> => {
  const { body } = await replica.ask("GET", "/usage?limit=1000");
  return (body["usage"] as UsageRecord[]).filter(({ reservation_id }) => reservation_id === reservation)
    .length;
};

/** One thing that users do, what it begins with, and what it has led to in the end. */
interface Step {
  from: HomeRest | undefined;
  act: (name: string, reservation: string) => Promise<unknown>;
  to: HomeRest;
  /** Pods that it has had in the end, and records of usage. */
  pods: number;
  spans: number;
}

const steps: Record<string, Step> = {
  launch: { from: undefined, act: (_, reservation) => claim(reservation), to: "running", pods: 1, spans: 0 },
  pause: {
    from: "running",
    act: (name) => replica.ask("POST", `/runtimes/${name}/pause`),
    to: "paused",
    pods: 1,
    spans: 1,
  },
  resume: {
    from: "paused",
    act: (name) => replica.ask("POST", `/runtimes/${name}/resume`),
    to: "running",
    pods: 2,
    spans: 1,
  },
  delete: {
    from: "running",
    act: (name) => replica.ask("DELETE", `/runtimes/${name}`),
    to: "ended",
    pods: 1,
    spans: 1,
  },
};

const begin = async (from: HomeRest | undefined, reservation: string): Promise<RuntimeView | undefined> => {
  if (from === undefined) return undefined;
  const runtime = await claim(reservation);
  await untilAtRest(cluster, reservation, "running");
  if (from === "paused") {
    await replica.ask("POST", `/runtimes/${runtime.pod_name}/pause`);
    await untilAtRest(cluster, reservation, "paused");
  }
  return shown(runtime.pod_name);
};

/**
 * Takes the step, and kills the replica when the API server has carried out so many of its writes and before the
 * next one; false when it needs no further write.
 */
const killedAfter = async (
  writes: number,
  take: () => Promise<unknown>,
  done: () => Promise<unknown>,
): Promise<boolean> => {
  const sinceMs = performance.now();
  const rule = {
    client: replica.name,
    verb: ["create", "patch", "update", "delete"],
    resource: ["pods", "secrets", "configmaps", "persistentvolumeclaims"],
    where: ({ resource, body }: ProxiedRequest) =>
      !(resource === "secrets" && [...others].some((name) => body?.includes(name))),
  } as const;
  const last = cluster.proxy.inject({ ...rule, nth: writes, act: hold("reply") });
  const next = cluster.proxy.inject({ ...rule, nth: writes + 1, times: Infinity, act: dropBefore() });
  void take().catch(() => undefined);
  const isReached = await Promise.race([last.struck().then(() => true), done().then(() => false)]);
  if (isReached) {
    const written = (): boolean =>
      cluster.proxy.log.writes({ ...rule, sinceMs })[writes - 1]?.upstreamStatus !== undefined;
    await eventually(written, { message: `write ${writes} being carried out` });
    await replica.kill();
    await cluster.expireLease(replica.name);
  }
  last.remove();
  next.remove();
  return isReached;
};

describe("a replica that is killed", () => {
  it.each(Object.entries(steps))(
    "after any write of a %s leaves what the next one finishes, with nothing lost and no Pod too many",
    async (title, { from, act, to, pods, spans }) => {
      for (let writes = 1; ; writes++) {
        const reservation = `${title}-${writes}`;
        const before = await begin(from, reservation);
        const take = (): Promise<unknown> => act(before?.pod_name ?? "", reservation);
        const done = (): Promise<unknown> => untilAtRest(cluster, reservation, to);
        const wasKilled = await killedAfter(writes, take, done);
        if (wasKilled) await nextReplica();
        const { home } = await untilAtRest(cluster, reservation, to);
        const name = home?.runtime.name ?? before!.pod_name;
        expect([...history.lives.values()].filter((life) => life.name === name)).toHaveLength(pods);
        expect(await spansOf(reservation)).toBe(spans);
        if (before && home) {
          const { token, ingress, given_name } = before;
          expect(await shown(name)).toMatchObject({ token, ingress, given_name, pod_name: name });
        }
        if (from === undefined) expect((await claim(reservation)).pod_name).toBe(name);
        others.add(name);
        if (!wasKilled) {
          expect(writes).toBeGreaterThan(2);
          return;
        }
      }
    },
    180_000,
  );
});
