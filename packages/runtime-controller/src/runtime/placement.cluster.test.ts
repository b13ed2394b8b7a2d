import { afterFile } from "@datalayer/devcluster/testkit/cluster";
import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { findCondition } from "@datalayer/shared/controller/conditions";
import { RuntimeEnvironment } from "@datalayer/shared/crds/runtime-environment";
import { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import { type KubeObject, defineKind } from "@datalayer/shared/kube/object";
import { Node } from "@datalayer/shared/kube/kinds";
import { beforeAll, expect, it } from "vitest";
import { environmentManifest, poolManifest } from "../../test/builders.ts";
import { type Harness, startHarness } from "../../test/harness.ts";
import { kwokNode, onGroup } from "../../test/nodes.ts";

const PriorityClass = defineKind<KubeObject & { value: number }>({
  apiVersion: "scheduling.k8s.io/v1",
  kind: "PriorityClass",
  plural: "priorityclasses",
  namespaced: false,
});
const RuntimeClass = defineKind<KubeObject & { handler: string; overhead?: object }>({
  apiVersion: "node.k8s.io/v1",
  kind: "RuntimeClass",
  plural: "runtimeclasses",
  namespaced: false,
});
const gpu = "nvidia.com/gpu";

let cluster: Harness;
/** What is cluster-wide is named after the namespace of the test. */
let own: string;

beforeAll(async () => {
  cluster = await startHarness();
  own = cluster.namespace;
  await cluster.startReplica("first");
});

async function createPriority(name: string, value: number): Promise<void> {
  const { apiVersion, kind } = PriorityClass;
  const { metadata } = await cluster.admin.create(PriorityClass, {
    apiVersion,
    kind,
    metadata: { name },
    value,
  });
  afterFile(() => cluster.admin.delete(PriorityClass, metadata, { uid: metadata.uid }));
}

/** Adds a node for the Pods of one test that has GPUs, or has none. */
async function addNode(name: string, { group, gpus }: { group: string; gpus: number }): Promise<void> {
  const node = kwokNode(name, group);
  const labels = { ...node.metadata.labels, ...(gpus > 0 && { "node.datalayer.io/xpu": "gpu-cuda" }) };
  const { metadata } = await cluster.admin.create(Node, { ...node, metadata: { ...node.metadata, labels } });
  afterFile(() => cluster.admin.delete(Node, metadata, { uid: metadata.uid }));
  await eventually(async () => (await cluster.admin.get(Node, metadata)).status?.allocatable, {
    message: `node ${name} saying what it has`,
  });
  const add = (map: "capacity" | "allocatable") =>
    ({ op: "add", path: `/status/${map}/nvidia.com~1gpu`, value: String(gpus) }) as const;
  await cluster.admin.patch(Node, metadata, [add("capacity"), add("allocatable")], { subresource: "status" });
}

it("a pool that asks for GPUs is filled on the nodes that have them, whichever way these are labelled", async () => {
  const group = `gpus-${own}`;
  await addNode(`${group}-with`, { group, gpus: 2 });
  await addNode(`${group}-without`, { group, gpus: 0 });
  const { nodeSelector, tolerations } = onGroup(group);
  await cluster.warmPool({
    name: "gpus",
    size: 2,
    resources: { limits: { [gpu]: "1" } },
    nodeSelector: { ...nodeSelector, "xpu.datalayer.io/gpu-cuda": "true" },
    tolerations,
  });
  const runtimes = await cluster.available("gpus", 2);
  expect(runtimes.map(({ pod }) => pod.spec?.nodeName)).toEqual([`${group}-with`, `${group}-with`]);
  // A third one has no GPU left, and says so.
  await cluster.resize("gpus", 3);
  await eventually(
    async () => {
      const { status } = await cluster.admin.get(RuntimePool, { namespace: own, name: "gpus" });
      const condition = findCondition(status?.conditions ?? [], "Reconciling");
      return condition?.reason === "Unschedulable" && condition.message.includes(`Insufficient ${gpu}`);
    },
    { timeoutMs: 30_000, message: "the pool saying that no node has a GPU left" },
  );
});

it("a runtime has the class and the priority of its pool, and all pull Secrets", async () => {
  const name = `classes-${own}`;
  const { apiVersion, kind } = RuntimeClass;
  const { metadata } = await cluster.admin.create(RuntimeClass, {
    apiVersion,
    kind,
    metadata: { name },
    handler: "sandboxed",
    overhead: { podFixed: { memory: "1Mi" } },
  });
  afterFile(() => cluster.admin.delete(RuntimeClass, metadata, { uid: metadata.uid }));
  await createPriority(name, 1_234);
  const environment = environmentManifest(own, {
    name: "classes-env",
    imagePullSecrets: [{ name: "of-environment" }, { name: "of-both" }],
  });
  await cluster.admin.create(RuntimeEnvironment, environment);
  await cluster.warmPool({
    name: "classes",
    environment: "classes-env",
    size: 1,
    runtimeClassName: name,
    priorityClassName: name,
    imagePullSecrets: [{ name: "of-both" }, { name: "of-pool" }],
  });
  const [runtime] = await cluster.available("classes", 1);
  // Those of the installation, of the environment and of the pool, each once.
  expect(runtime?.pod.spec).toMatchObject({
    runtimeClassName: name,
    overhead: { memory: "1Mi" },
    priorityClassName: name,
    priority: 1_234,
    imagePullSecrets: ["reg-creds", "of-environment", "of-both", "of-pool"].map((secret) => ({
      name: secret,
    })),
  });
});

it("a pool whose priority class is missing says so, and is filled when it is there", async () => {
  const name = `late-${own}`;
  await cluster.admin.create(RuntimeEnvironment, environmentManifest(own, { name: "late" }));
  const late = { name: "late", environment: "late", size: 1, priorityClassName: name };
  await cluster.admin.create(RuntimePool, poolManifest(own, late));
  await eventually(
    async () => {
      const { status } = await cluster.admin.get(RuntimePool, { namespace: own, name: "late" });
      const ready = findCondition(status?.conditions ?? [], "Ready");
      return ready?.reason === "PodRefused" && ready.message.includes(`no PriorityClass with name ${name}`);
    },
    { timeoutMs: 30_000, message: "the pool saying that its priority class is missing" },
  );
  await createPriority(name, 1);
  await cluster.available("late", 1);
});
