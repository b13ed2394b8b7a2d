import { afterFile } from "@datalayer/devcluster/testkit/cluster";
import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { findCondition } from "@datalayer/shared/controller/conditions";
import { RuntimeEnvironment } from "@datalayer/shared/crds/runtime-environment";
import { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import { Lease, Node, Pod } from "@datalayer/shared/kube/kinds";
import type { Manifest } from "@datalayer/shared/kube/object";
import { beforeAll, describe, expect, it } from "vitest";
import { environmentManifest, poolManifest } from "../../test/builders.ts";
import { type Harness, startHarness } from "../../test/harness.ts";
import { announceEnd, kwokNode, onGroup, silence } from "../../test/nodes.ts";

const role = "node-role.kubernetes.io/control-plane";

let cluster: Harness;

beforeAll(async () => {
  cluster = await startHarness();
  await cluster.startReplica("first");
});

/** Adds a node, and answers with its name once it is ready. */
async function addNode(node: Manifest<Node>): Promise<string> {
  const { metadata } = await cluster.admin.create(Node, node);
  const { name } = metadata;
  afterFile(() => cluster.admin.delete(Node, metadata, { uid: metadata.uid }));
  await eventually(
    async () => {
      const { status } = await cluster.admin.get(Node, { name });
      return status?.conditions?.some((one) => one.type === "Ready" && one.status === "True");
    },
    { message: `node ${name} being ready` },
  );
  return name;
}

async function createPool(name: string, spec: Partial<RuntimePool["spec"]>): Promise<void> {
  const { admin, namespace } = cluster;
  await admin.create(RuntimeEnvironment, environmentManifest(namespace, { name }));
  await admin.create(RuntimePool, poolManifest(namespace, { name, environment: name, ...spec }));
}

/** When the Pods of a pool were created, in milliseconds. */
const creationsOf = (pool: string): number[] =>
  cluster.proxy.log
    .commits({
      verb: "create",
      resource: Pod.plural,
      where: ({ body }) => body?.includes(`"${pool}"`) ?? false,
    })
    .map(({ startedAtMs }) => startedAtMs);

/** The message of `Ready` once it has this reason. */
const untilReason = (name: string, reason: string): Promise<string> =>
  eventually(
    async () => {
      const { status } = await cluster.admin.get(RuntimePool, { namespace: cluster.namespace, name });
      const ready = findCondition(status?.conditions ?? [], "Ready");
      return ready?.reason === reason && ready.message;
    },
    { timeoutMs: 30_000, message: `pool ${name} saying ${reason}` },
  );

/** Waits until the lease has been renewed so often: time in which a loop would turn many times. */
async function untilRenewed(times: number): Promise<void> {
  const sinceMs = performance.now();
  await eventually(() => cluster.proxy.log.commits({ sinceMs, resource: Lease.plural }).length >= times, {
    timeoutMs: 30_000,
    message: "the lease being renewed",
  });
}

const tolerate = (name: string, value: RuntimePool["spec"]["tolerations"]): Promise<RuntimePool> =>
  cluster.admin.patch(RuntimePool, { namespace: cluster.namespace, name }, [
    { op: "replace", path: "/spec/tolerations", value },
  ]);

describe("a pool that tolerates everything, where nodes go, are silent or are the control plane's", () => {
  const own = { key: "group", operator: "Exists" } as const;
  let control: string;

  beforeAll(async () => {
    const group = `everything-${cluster.namespace}`;
    const make = (what: string) => kwokNode(`${group}-${what}`, group);
    const cordoned = await addNode(make("cordoned"));
    const unschedulable = { op: "add", path: "/spec/unschedulable", value: true } as const;
    await cluster.admin.patch(Node, { name: cordoned }, [unschedulable]);
    await silence(cluster.admin, await addNode(make("silent")));
    const { spec, ...node } = make("control");
    const taints = [...(spec?.taints ?? []), { key: role, effect: "NoSchedule" }];
    control = await addNode({ ...node, spec: { ...spec, taints } });
    await createPool("everything", {
      size: 2,
      nodeSelector: { group },
      tolerations: [own, { operator: "Exists" }],
    });
  });

  it("makes no Pod, and says what to write", async () => {
    expect(await untilReason("everything", "TolerationRefused")).toBe(
      'spec.tolerations[1]: {"operator":"Exists"} tolerates node.kubernetes.io/unschedulable:NoSchedule, which keeps ' +
        "runtimes off nodes that go or are silent; expected one with the key of the taint that is meant.",
    );
    await untilRenewed(2);
    expect(creationsOf("everything")).toEqual([]);
  });

  it("waits for a node when it names the taint of none of them", async () => {
    await tolerate("everything", [own]);
    await untilReason("everything", "Unschedulable");
  });

  it("is filled on those of the control plane when it names their taint", async () => {
    await tolerate("everything", [own, { key: role, operator: "Exists" }]);
    const runtimes = await cluster.available("everything", 2);
    expect(runtimes.map(({ pod }) => pod.spec?.nodeName)).toEqual([control, control]);
  });
});

describe("a pool whose only node goes, while no taint keeps Pods off it", () => {
  it("tries again after a time that grows, and not at once", async () => {
    const group = `announced-${cluster.namespace}`;
    await announceEnd(cluster.admin, await addNode(kwokNode(group, group)));
    await createPool("announced", { size: 1, ...onGroup(group) });
    await eventually(() => creationsOf("announced").length > 2, {
      timeoutMs: 30_000,
      message: "a third Pod being tried",
    });
    const [, second = Infinity, third = 0] = creationsOf("announced");
    expect(third - second).toBeGreaterThan(4_000);
  });
});
