import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { RuntimeEnvironment } from "@datalayer/shared/crds/runtime-environment";
import { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import { Pod } from "@datalayer/shared/kube/kinds";
import type { RestClient } from "@datalayer/shared/kube/rest";
import { poolOfExample } from "@datalayer/tools/start/example";
import { runCell } from "@datalayer/tools/start/kernel";
import { claimRuntime, type ClaimedRuntime, endRuntime, type OperatorApi } from "@datalayer/tools/start/rest";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Stage, startStage, untilExampleWarm, warmExample } from "./stage.ts";

const { namespace } = poolOfExample;
const { signal } = new AbortController();

let stage: Stage;
let api: OperatorApi;
let kube: RestClient;

beforeAll(async () => {
  stage = await startStage();
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
