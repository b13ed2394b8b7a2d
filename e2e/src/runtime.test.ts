import { readFile } from "node:fs/promises";
import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { RuntimeEnvironment } from "@datalayer/shared/crds/runtime-environment";
import { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import { Pod } from "@datalayer/shared/kube/kinds";
import type { RestClient } from "@datalayer/shared/kube/rest";
import { poolOfExample } from "@datalayer/tools/start/example";
import { runCell } from "@datalayer/tools/start/kernel";
import { claimRuntime, type ClaimedRuntime, endRuntime, type OperatorApi } from "@datalayer/tools/start/rest";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Stage, startStage, untilExampleWarm, warmExample } from "./stage.ts";

const { namespace } = poolOfExample;
const { signal } = new AbortController();

let stage: Stage;
let api: OperatorApi;
let kube: RestClient;

beforeAll(async () => {
  stage = await startStage({ DATALAYER_NODE_DRAIN_DEADLINE_SEC: "20" });
  ({ api, kube } = stage);
  await warmExample(stage);
});

afterAll(() => stage.end());

async function claim(): Promise<ClaimedRuntime> {
  return (await claimRuntime(api, signal)).runtime;
}

/** A pool of its own environment, whose image is `image`. */
async function createPool(name: string, image: string): Promise<void> {
  await kube.create(RuntimeEnvironment, {
    apiVersion: RuntimeEnvironment.apiVersion,
    kind: RuntimeEnvironment.kind,
    metadata: { name: `${name}-env`, namespace },
    spec: {
      title: name,
      dockerImage: image,
      language: "python",
      resourcesRanges: { default: { limits: {} } },
    },
  });
  await kube.create(RuntimePool, {
    apiVersion: RuntimePool.apiVersion,
    kind: RuntimePool.kind,
    metadata: { name: `${name}-pool`, namespace },
    spec: { environment: `${name}-env`, size: 2 },
  });
}

function poolReadyReason(name: string, reason: string): Promise<string> {
  return eventually(
    async () => {
      const pool = await kube.get(RuntimePool, { name: `${name}-pool`, namespace });
      const ready = pool.status?.conditions?.find(({ type }) => type === "Ready");
      return ready?.reason === reason && ready.message;
    },
    { timeoutMs: 90_000, message: `pool ${name}-pool to be not ready by ${reason}` },
  );
}

describe("a runtime on a real node", () => {
  it("serves its user's kernel, with its token only", async () => {
    const [mine, other] = [await claim(), await claim()];
    expect(await runCell(mine, "import numpy; int(numpy.arange(10).sum())")).toBe("45");
    const statusWith = async (token: string): Promise<number> => {
      const headers = { authorization: `token ${token}` };
      return (await fetch(`${mine.ingress}/api/kernels`, { headers })).status;
    };
    expect(await statusWith(mine.token)).toBe(200);
    expect(await statusWith(other.token)).toBe(403);
    expect((await fetch(`${mine.ingress}/api/kernels`)).status).toBe(403);
  });

  it("ends when its user says so, and its pool is full again", async () => {
    const runtime = await claim();
    const { pod_name } = runtime;
    await endRuntime(api, runtime);
    await eventually(
      async () =>
        (await kube.list(Pod, { namespace, fieldSelector: `metadata.name=${pod_name}` })).items.length === 0,
      { timeoutMs: 60_000, message: `Pod ${pod_name} to be gone` },
    );
    await untilExampleWarm(stage.cluster);
  });

  it("runs as a plain user, without a token of the API server", async () => {
    const { pod_name } = await claim();
    const { spec } = await kube.get(Pod, { name: pod_name, namespace });
    expect(spec?.securityContext).toMatchObject({ runAsUser: 1000, runAsGroup: 100, runAsNonRoot: true });
    expect(spec?.automountServiceAccountToken).toBe(false);
  });
});

/** What a runtime's use ended by; undefined while it goes on. */
async function usageOf({ pod_name }: ClaimedRuntime): Promise<UsageRecord | undefined> {
  const { usage } = await get<{ usage: UsageRecord[] }>("/usage");
  return usage.find((record) => record.pod_name === pod_name);
}

interface UsageRecord {
  pod_name: string;
  reason: string;
  ended_at: string;
}

/** When a runtime has to leave its node, as the REST API tells it, in epoch seconds. */
function untilTold({ pod_name }: ClaimedRuntime): Promise<number> {
  return eventually(
    async () => {
      const { runtime } = await get<{ runtime: { node_drain_ends_at: string | null } }>(
        `/runtimes/${pod_name}`,
      );
      return runtime.node_drain_ends_at !== null && Number(runtime.node_drain_ends_at);
    },
    { message: `${pod_name} being told that its node goes` },
  );
}

async function get<Answer>(path: string): Promise<Answer> {
  const headers = { "x-api-key": (await readFile(api.apiKeyPath, "utf8")).trim() };
  const response = await fetch(`${api.apiUrl}/v1${path}`, { headers });
  expect(response.status).toBe(200);
  return (await response.json()) as Answer;
}

describe("with kubectl", () => {
  const kubectl = (...args: string[]) => execa("kubectl", args, { env: stage.cluster.env(), all: true });

  it("a node is drained: warm runtimes go, and assigned ones stay until they end or have to", async () => {
    await untilExampleWarm(stage.cluster);
    const [ending, staying] = [await claim(), await claim()];
    const pod = await kube.get(Pod, { name: staying.pod_name, namespace });
    expect(pod.metadata.annotations).toMatchObject({
      "cluster-autoscaler.kubernetes.io/safe-to-evict": "false",
    });
    const node = pod.spec?.nodeName ?? "";
    const drain = kubectl("drain", node, "--force", "--delete-emptydir-data", "--timeout=150s");
    let said = "";
    drain.all.on("data", (text: Buffer) => (said += text.toString()));
    const isRefused = ({ pod_name }: ClaimedRuntime): boolean =>
      new RegExp(`${pod_name}.*violate the pod's disruption budget`).test(said);
    await eventually(() => isRefused(ending) && isRefused(staying), {
      timeoutMs: 60_000,
      message: "the budget refusing to evict both",
    });
    await endRuntime(api, ending);
    const endsAt = await untilTold(staying);
    expect(await usageOf(staying)).toBeUndefined();

    await drain;
    const { reason, ended_at } = await eventually(() => usageOf(staying), {
      message: "the use being recorded",
    });
    expect(reason).toBe("NodeDrained");
    expect(Number(ended_at)).toBeGreaterThanOrEqual(endsAt);
    expect(await usageOf(ending)).toMatchObject({ reason: "Deleted" });
    const { items } = await kube.list(Pod, { namespace, fieldSelector: `spec.nodeName=${node}` });
    expect(items).toEqual([]);

    expect(await poolReadyReason("python-simple", "Unschedulable")).toMatch(/unschedulable/);
    await kubectl("uncordon", node);
    await untilExampleWarm(stage.cluster);
  });

  it("a pool is scaled", async () => {
    const scale = (replicas: number) =>
      kubectl("scale", `runtime-pool/${poolOfExample.name}`, `--replicas=${replicas}`, "-n", namespace);
    const { spec } = await kube.get(RuntimePool, poolOfExample);
    const labelSelector = `runtime-pools.datalayer.io/name=${poolOfExample.name},runtime-pools.datalayer.io/pod-status=available`;
    await scale(1);
    await eventually(async () => (await kube.list(Pod, { namespace, labelSelector })).items.length === 1, {
      timeoutMs: 60_000,
      message: "one runtime being left",
    });
    await scale(spec.size ?? 0);
    await untilExampleWarm(stage.cluster);
  });
});

describe("a pool whose Pods cannot start", () => {
  it("says that the image cannot be pulled, and makes no more Pods", async () => {
    await createPool("absent", "registry.localhost/datalayer/absent:1");
    expect(await poolReadyReason("absent", "ImagePullFailed")).toMatch(/absent/);
    const pods = await kube.list(Pod, {
      namespace,
      labelSelector: "runtime-pools.datalayer.io/name=absent-pool",
    });
    expect(pods.items).toHaveLength(2);
  });

  it("says that the container crashes, and makes no more Pods", async () => {
    // The Debian base ends at once, having nothing to run.
    await createPool("crashing", "registry.localhost/datalayer/debian:bookworm");
    expect(await poolReadyReason("crashing", "CrashLooping")).toMatch(/crashing|container jupyter/);
    const pods = await kube.list(Pod, {
      namespace,
      labelSelector: "runtime-pools.datalayer.io/name=crashing-pool",
    });
    expect(pods.items).toHaveLength(2);
  });
});
