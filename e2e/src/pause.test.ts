import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { dataOf, type Runtime, type RuntimeClient } from "@datalayer/runtime-client/client";
import { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import { PersistentVolumeClaim, Pod } from "@datalayer/shared/kube/kinds";
import type { RestClient } from "@datalayer/shared/kube/rest";
import { applyExample, poolOfExample } from "@datalayer/tools/start/example";
import { runCell } from "@datalayer/tools/start/kernel";
import { clientOf } from "@datalayer/tools/start/rest";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Stage, startStage } from "./stage.ts";

const { namespace } = poolOfExample;
const waiting = { timeoutMs: 60_000, intervalMs: 200 };

let stage: Stage;
let client: RuntimeClient;
let kube: RestClient;

beforeAll(async () => {
  stage = await startStage();
  client = clientOf(stage.api);
  kube = stage.kube;
  await applyExample(stage.cluster);
  // Runtimes with a home take none of the warm ones.
  await kube.patch(RuntimePool, poolOfExample, [{ op: "replace", path: "/spec/size", value: 0 }]);
});

afterAll(() => stage.end());

const paths = {
  one: "/api/operator/v1/runtimes/{pod_name}",
  pause: "/api/operator/v1/runtimes/{pod_name}/pause",
  resume: "/api/operator/v1/runtimes/{pod_name}/resume",
} as const;

async function claim(): Promise<Runtime> {
  const body = {
    environment_name: "python-simple-env",
    user_uid: "ada",
    credits_limit: 100,
    capabilities: ["user_storage"],
  };
  return (await dataOf(client.POST("/api/operator/v1/runtimes", { body }))).runtime;
}

async function shown(name: string): Promise<Runtime> {
  return (await dataOf(client.GET(paths.one, { params: { path: { pod_name: name } } }))).runtime;
}

/** The runtime as soon as its Jupyter server answers. */
async function serving(name: string): Promise<Runtime & { token: string }> {
  return eventually(
    async () => {
      const runtime = await shown(name);
      if (runtime.state !== "assigned") return false;
      const answer = await jupyter(runtime, "/api/contents").catch(() => undefined);
      const { token } = runtime;
      return answer?.ok && token !== null && { ...runtime, token };
    },
    { ...waiting, message: `${name} to serve` },
  );
}

function jupyter({ ingress, token }: Runtime, path: string, init: RequestInit = {}): Promise<Response> {
  const headers = { authorization: `token ${token}`, "content-type": "application/json" };
  return fetch(`${ingress}${path}`, { ...init, headers });
}

/** Without a proxy in front, the host is that of the Pod, and a paused runtime has none. */
function urlPathOf({ ingress }: Runtime): string {
  return new URL(ingress, "http://runtimes.test").pathname;
}

async function podUids(name: string): Promise<string[]> {
  const { items } = await kube.list(Pod, { namespace, fieldSelector: `metadata.name=${name}` });
  return items.map(({ metadata }) => metadata.uid);
}

async function claimNames(): Promise<string[]> {
  const { items } = await kube.list(PersistentVolumeClaim, { namespace });
  return items.map(({ metadata }) => metadata.name);
}

const none = async (names: Promise<string[]>): Promise<boolean> => (await names).length === 0;

describe("a runtime with a home on a real node", () => {
  it("pauses, resumes behind the same URL with the same token and files, and takes them with it at its end", async () => {
    const { pod_name: name } = await claim();
    const path = { pod_name: name };
    const before = await serving(name);
    const body = JSON.stringify({ type: "file", format: "text", content: "kept" });
    expect((await jupyter(before, "/api/contents/note.txt", { method: "PUT", body })).status).toBe(201);
    expect(await runCell(before, `open("/home/datalayer/note.txt").read()`)).toBe("'kept'");
    const [firstPod] = await podUids(name);

    const { response } = await client.POST(paths.pause, { params: { path }, body: {} });
    expect(response.status).toBe(202);
    await eventually(() => none(podUids(name)), { ...waiting, message: "the Pod to go" });
    const paused = await shown(name);
    expect(paused).toMatchObject({ state: "paused", token: before.token });
    expect(urlPathOf(paused)).toBe(urlPathOf(before));

    const resumed = await client.POST(paths.resume, { params: { path }, body: {} });
    expect(resumed.response.status).toBe(202);
    const after = await serving(name);
    expect(after.token).toBe(before.token);
    expect(urlPathOf(after)).toBe(urlPathOf(before));
    expect(await podUids(name)).not.toEqual([firstPod]);
    const file = await jupyter(after, "/api/contents/note.txt");
    expect(await file.json()).toMatchObject({ content: "kept" });

    await dataOf(client.DELETE(paths.one, { params: { path } }));
    await eventually(() => none(claimNames()), { ...waiting, message: "the home to go" });
    expect(await podUids(name)).toEqual([]);
  });
});
