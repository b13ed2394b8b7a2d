import { ownCluster } from "@datalayer/devcluster/testkit/cluster";
import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { RuntimeContent } from "@datalayer/shared/crds/runtime-content";
import { RuntimeEnvironment } from "@datalayer/shared/crds/runtime-environment";
import { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import { ApiError } from "@datalayer/shared/kube/api-error";
import type { KubeObject, Manifest } from "@datalayer/shared/kube/object";
import { beforeAll, describe, expect, it } from "vitest";
import { contentManifest } from "./builders.ts";
import { type Harness, startHarness, type TestReplica } from "./harness.ts";
import { chartObjects, installChart, kindOf } from "./manifests.ts";

let cluster: Harness;
let replica: TestReplica;
const kinds = [RuntimePool, RuntimeEnvironment, RuntimeContent];

beforeAll(async () => {
  cluster = await startHarness(await ownCluster("kwok"));
  replica = await cluster.startReplica("first");
});

/** Deletes the definitions of our kinds, and with them every object; resolves when none is served any more. */
async function uninstall(): Promise<void> {
  const definitions: Manifest<KubeObject>[] = await chartObjects("crds");
  const { admin } = cluster;
  for (const definition of definitions) {
    const { metadata } = await admin.get(kindOf(definition), definition.metadata);
    await admin.delete(kindOf(definition), metadata, { uid: metadata.uid });
  }
  const isServed = (error: unknown): boolean => !(error instanceof ApiError && error.isNotFound);
  await eventually(
    async () => {
      const served = await Promise.all(
        kinds.map((kind) => admin.list(kind as typeof RuntimePool).then(() => true, isServed)),
      );
      return !served.includes(true);
    },
    { timeoutMs: 30_000, message: "our kinds not being served" },
  );
}

const status = async (path: string): Promise<number> =>
  (await replica.replica.api.inject({ url: path })).statusCode;

describe("given definitions that are deleted, and installed again", () => {
  it("keeps what users have, serves it meanwhile, and fills the pools that come back", async () => {
    const { admin, namespace } = cluster;
    await admin.create(RuntimeContent, contentManifest(namespace, "course"));
    const { metadata: first } = await cluster.warmPool({ name: "python", size: 2 });
    const { body } = await replica.claim({ environment_name: "python" });
    const { pod_name: name, token } = body.runtime;
    await cluster.available("python", 2);

    await uninstall();
    await eventually(async () => (await replica.claim({ environment_name: "python" })).status === 404, {
      timeoutMs: 30_000,
      message: "the pool being forgotten",
    });
    expect(await status("/livez")).toBe(200);
    expect(await cluster.runtime(name)).toMatchObject({ state: "assigned", terminating: false });
    expect((await replica.ask("GET", `/runtimes/${name}`)).body.runtime).toMatchObject({ token });

    await installChart(admin, namespace);
    const { metadata: second } = await cluster.warmPool({ name: "python", size: 2 });
    expect(second.uid).not.toBe(first.uid);
    // Kubernetes takes what belonged to the first pool, as soon as it can ask whether that is there.
    await eventually(
      async () => {
        const warm = (await cluster.runtimes({ pool: "python" })).filter(({ state }) => state !== "assigned");
        const owners = warm.map(({ pod }) => pod.metadata.ownerReferences?.[0]?.uid);
        return warm.length === 2 && owners.every((uid) => uid === second.uid);
      },
      { timeoutMs: 60_000, message: "the second pool being filled with its own" },
    );
    await cluster.available("python", 2);
    expect((await replica.claim({ environment_name: "python" })).status).toBe(201);
    await eventually(async () => (await status("/readyz")) === 200, { message: "being ready again" });
    expect(await cluster.runtime(name)).toMatchObject({ state: "assigned", terminating: false });

    const { usage } = (await ended(name)).body as unknown as { usage: { pod_name: string }[] };
    expect(usage.filter((record) => record.pod_name === name)).toHaveLength(1);
  });
});

/** Ends a runtime and waits until its usage is recorded. */
async function ended(name: string): ReturnType<TestReplica["ask"]> {
  expect((await replica.ask("DELETE", `/runtimes/${name}`)).status).toBe(200);
  await eventually(async () => (await cluster.runtime(name)) === undefined, {
    timeoutMs: 20_000,
    message: "its end",
  });
  return replica.ask("GET", "/usage");
}
