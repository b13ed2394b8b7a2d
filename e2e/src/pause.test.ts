import { eventually } from "@datalayer/devcluster/testkit/eventually";
import type { Runtime } from "@datalayer/runtime-client/client";
import { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import { PersistentVolumeClaim, Pod } from "@datalayer/shared/kube/kinds";
import type { RestClient } from "@datalayer/shared/kube/rest";
import { applyExample, poolOfExample } from "@datalayer/tools/start/example";
import { runCell } from "@datalayer/tools/start/kernel";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { HomeUser, jupyter, readFileOf, type ServingRuntime, writeFileOf } from "./homes.ts";
import { type Stage, startStage } from "./stage.ts";

const { namespace } = poolOfExample;
const waiting = { timeoutMs: 60_000, intervalMs: 200 };

let stage: Stage;
let user: HomeUser;
let kube: RestClient;

beforeAll(async () => {
  stage = await startStage();
  user = new HomeUser(stage.api);
  kube = stage.kube;
  await applyExample(stage.cluster);
  // Runtimes with a home take none of the warm ones.
  await kube.patch(RuntimePool, poolOfExample, [{ op: "replace", path: "/spec/size", value: 0 }]);
});

afterAll(() => stage.end());

/** The runtime as soon as its Jupyter server answers: without a proxy in front nothing waits for that. */
function serving(name: string): Promise<ServingRuntime> {
  return eventually(
    async () => {
      const runtime = await user.assigned(name);
      const answer = await jupyter(runtime, "/api/contents").catch(() => undefined);
      return answer?.ok && runtime;
    },
    { ...waiting, message: `${name} to serve` },
  );
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
    const { pod_name: name } = await user.claim();
    const before = await serving(name);
    expect(await writeFileOf(before, "note.txt", "kept")).toBe(201);
    expect(await runCell(before, `open("/home/datalayer/note.txt").read()`)).toBe("'kept'");
    const [firstPod] = await podUids(name);

    expect(await user.pause(name)).toBe(202);
    await eventually(() => none(podUids(name)), { ...waiting, message: "the Pod to go" });
    const paused = await user.shown(name);
    expect(paused).toMatchObject({ state: "paused", token: before.token });
    expect(urlPathOf(paused)).toBe(urlPathOf(before));

    expect(await user.resume(name)).toBe(202);
    const after = await serving(name);
    expect(after.token).toBe(before.token);
    expect(urlPathOf(after)).toBe(urlPathOf(before));
    expect(await podUids(name)).not.toEqual([firstPod]);
    expect(await readFileOf(after, "note.txt")).toBe("kept");

    await user.end(name);
    await eventually(() => none(claimNames()), { ...waiting, message: "the home to go" });
    expect(await podUids(name)).toEqual([]);
  });
});
