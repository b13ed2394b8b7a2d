import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { ApiError } from "@datalayer/shared/kube/api-error";
import { Event, Node } from "@datalayer/shared/kube/kinds";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { type Harness, startHarness, type TestReplica } from "../../test/harness.ts";
import { kwokNode, onGroup, silence } from "../../test/nodes.ts";
import type { Runtime } from "../runtime/runtime.ts";

let cluster: Harness;
let replica: TestReplica;
const deadlineSeconds = 4;

beforeAll(async () => {
  cluster = await startHarness();
  replica = await cluster.startReplica("first", {
    settings: { DATALAYER_NODE_DRAIN_DEADLINE_SEC: String(deadlineSeconds) },
  });
});

/** A pool of two with a user's runtime beside, on two nodes of its own; answers with that runtime. */
async function poolOnNodes(name: string): Promise<{ assigned: Runtime; node: string }> {
  const group = `${name}-${cluster.namespace}`;
  for (const each of ["a", "b"]) {
    const { metadata } = await cluster.admin.create(Node, kwokNode(`${group}-${each}`, group));
    onTestFinished(async () => {
      await cluster.admin.delete(Node, metadata, { uid: metadata.uid }).catch((error: unknown) => {
        if (!(error instanceof ApiError && error.isNotFound)) throw error;
      });
    });
  }
  await cluster.warmPool({ name, size: 2, ...onGroup(group) });
  const { body } = await eventually(
    async () => {
      const answer = await replica.claim({ environment_name: name });
      return answer.status === 201 && answer;
    },
    { message: `a claim of ${name}` },
  );
  const assigned = (await cluster.runtime(body.runtime.pod_name))!;
  await cluster.available(name, 2);
  return { assigned, node: assigned.pod.spec!.nodeName! };
}

const nodeOf = ({ pod }: Runtime): string | undefined => pod.spec?.nodeName;

/** Waits until the pool's warm runtimes are all on other nodes. */
const untilMovedFrom = (pool: string, node: string): Promise<unknown> =>
  eventually(
    async () => {
      const available = await cluster.runtimes({ pool, state: "available" });
      return available.length === 2 && available.every((runtime) => nodeOf(runtime) !== node);
    },
    { timeoutMs: 20_000, message: `the warm runtimes of ${pool} being on another node` },
  );

const cordon = (name: string, value: boolean): Promise<Node> =>
  cluster.admin.patch(Node, { name }, [{ op: "add", path: "/spec/unschedulable", value }]);

async function view(runtime: Runtime): Promise<Record<string, unknown>> {
  const { body } = await replica.ask("GET", `/runtimes/${runtime.name}`);
  return { ...body.runtime };
}

const untilTold = (runtime: Runtime): Promise<Record<string, unknown>> =>
  eventually(
    async () => {
      const shown = await view(runtime);
      return shown.node_draining_since !== null && shown;
    },
    { message: `${runtime.name} being told that its node goes` },
  );

const untilGone = (runtime: Runtime, timeoutMs = 20_000): Promise<unknown> =>
  eventually(async () => (await cluster.runtime(runtime.name)) === undefined, {
    timeoutMs,
    message: `${runtime.name} being gone`,
  });

async function eventReasons(runtime: Runtime): Promise<(string | undefined)[]> {
  const { items } = await cluster.admin.list(Event, { namespace: cluster.namespace });
  return items.filter(({ regarding }) => regarding?.uid === runtime.uid).map(({ reason }) => reason);
}

async function usageReason(runtime: Runtime): Promise<unknown> {
  const { body } = await replica.ask("GET", "/usage?since=0");
  const records = body.usage as { pod_name: string; reason: string }[];
  return records.find(({ pod_name: name }) => name === runtime.name)?.reason;
}

/** The status with which the API server answers who wants to evict the Pod. */
async function evict({ name, namespace }: Runtime): Promise<number> {
  try {
    await cluster.admin.raw(
      {
        method: "POST",
        path: `/api/v1/namespaces/${namespace}/pods/${name}/eviction`,
        body: JSON.stringify({ apiVersion: "policy/v1", kind: "Eviction", metadata: { name, namespace } }),
      },
      { retry: false },
    );
    return 201;
  } catch (error) {
    if (error instanceof ApiError) return error.status;
    throw error;
  }
}

describe("a node that is cordoned", () => {
  it("loses its warm runtimes at once, and its assigned one at the deadline, with that reason", async () => {
    const { assigned, node } = await poolOnNodes("cordoned");
    await cordon(node, true);
    const { node_draining_since: since, node_drain_ends_at: endsAt } = await untilTold(assigned);
    expect(Number(endsAt) - Number(since)).toBe(deadlineSeconds);
    await untilMovedFrom("cordoned", node);
    await untilGone(assigned);
    expect(await usageReason(assigned)).toBe("NodeDrained");
    await eventually(async () => (await eventReasons(assigned)).includes("NodeDrained"), {
      message: "the Event of the end",
    });
    expect(await eventReasons(assigned)).toContain("NodeDraining");
  });

  it("keeps its assigned runtime when it is uncordoned in time", async () => {
    const { assigned, node } = await poolOnNodes("uncordoned");
    await cordon(node, true);
    await untilTold(assigned);
    await cordon(node, false);
    await eventually(async () => (await view(assigned)).node_draining_since === null, {
      message: "the runtime being told that its node stays",
    });
    expect((await view(assigned)).node_drain_ends_at).toBeNull();
    await eventually(async () => (await eventReasons(assigned)).includes("NodeStays"), {
      message: "the Event that the node stays",
    });
  });

  it("is told apart by the taint of an autoscaler as well", async () => {
    const { assigned, node } = await poolOnNodes("tainted");
    const taint = { key: "ToBeDeletedByClusterAutoscaler", value: "1", effect: "NoSchedule" };
    await cluster.admin.patch(Node, { name: node }, [{ op: "add", path: "/spec/taints/-", value: taint }]);
    await untilTold(assigned);
    await untilMovedFrom("tainted", node);
  });
});

describe("an eviction", () => {
  it("takes a warm runtime, which is replaced, and no assigned one", async () => {
    const { assigned } = await poolOnNodes("evicted");
    const [warm] = await cluster.available("evicted", 2);
    await eventually(async () => (await evict(assigned)) === 429, { message: "the budget being in force" });
    expect(await evict(warm!)).toBe(201);
    await untilGone(warm!);
    await cluster.available("evicted", 2);
    expect(await cluster.runtime(assigned.name)).toMatchObject({ state: "assigned", terminating: false });
  });
});

describe("a node that falls silent", () => {
  it("is offered no more, while its assigned runtime stays", async () => {
    const { assigned, node } = await poolOnNodes("silent");
    await silence(cluster.admin, node);
    await untilMovedFrom("silent", node);
    expect(await cluster.runtime(assigned.name)).toMatchObject({ state: "assigned", terminating: false });
    expect((await view(assigned)).node_draining_since).toBeNull();
  });
});

describe("a node whose object is deleted", () => {
  // Kubernetes waits 40 s before it believes that a node is gone, and then looks every 20 s.
  it("is replaced, and the use of its assigned runtime is recorded", async () => {
    const { assigned, node } = await poolOnNodes("deleted");
    const { metadata } = await cluster.admin.get(Node, { name: node });
    await cluster.admin.delete(Node, metadata, { uid: metadata.uid });
    await untilGone(assigned, 90_000);
    await untilMovedFrom("deleted", node);
    expect(await usageReason(assigned)).toBeDefined();
  }, 120_000);
});
