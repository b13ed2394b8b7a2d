import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { findCondition } from "@datalayer/shared/controller/conditions";
import { RuntimeEnvironment } from "@datalayer/shared/crds/runtime-environment";
import { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import { beforeAll, describe, expect, it } from "vitest";
import { environmentManifest, poolManifest } from "../../test/builders.ts";
import { type Harness, startHarness } from "../../test/harness.ts";
import { createImage, installImageKind, publish } from "../../test/image-kind.ts";

let cluster: Harness;

beforeAll(async () => {
  cluster = await startHarness();
  await installImageKind(cluster.admin);
  await cluster.startReplica("first", { settings: { DATALAYER_IMAGES_NAMESPACE: cluster.namespace } });
});

const ref = (name: string) => ({ namespace: cluster.namespace, name });

function createEnvironment(
  name: string,
  spec: Partial<RuntimeEnvironment["spec"]> = {},
): Promise<RuntimeEnvironment> {
  return cluster.admin.create(RuntimeEnvironment, environmentManifest(cluster.namespace, { name, ...spec }));
}

/** The environment once it is Ready for this reason, and its status speaks of its spec. */
const untilReason = (name: string, reason: string): Promise<RuntimeEnvironment> =>
  eventually(
    async () => {
      const found = await cluster.admin.get(RuntimeEnvironment, ref(name));
      const isCurrent = found.status?.observedGeneration === found.metadata.generation;
      return isCurrent && findCondition(found.status?.conditions ?? [], "Ready")?.reason === reason && found;
    },
    { timeoutMs: 20_000, message: `${name} having the reason ${reason}` },
  );

const digestOf = (digit: string) => `r.example/jupyter@sha256:${digit.repeat(64)}`;

describe("an environment", () => {
  it("says which pools use it and what they run", async () => {
    await createEnvironment("used");
    for (const name of ["used-b", "used-a"]) {
      await cluster.admin.create(
        RuntimePool,
        poolManifest(cluster.namespace, { name, environment: "used", size: 0 }),
      );
    }
    await eventually(async () => (await untilReason("used", "Usable")).status?.poolCount === 2);
    const { status } = await untilReason("used", "Usable");
    expect(status).toMatchObject({
      image: "datalayer/jupyter-python:0.0.8",
      pools: ["used-a", "used-b"],
      observedGeneration: 1,
    });
    const path = "/spec/environment";
    await cluster.admin.patch(RuntimePool, ref("used-a"), [{ op: "replace", path, value: "other" }]);
    await eventually(
      async () =>
        (await cluster.admin.get(RuntimeEnvironment, ref("used"))).status?.pools?.join() === "used-b",
      { message: "the pool being taken off the list" },
    );
  });

  it("says that the operator has no registry, and so does its pool", async () => {
    await createEnvironment("unset", { dockerImage: "${DATALAYER_DOCKER_REGISTRY}/jupyter:1" });
    await cluster.admin.create(
      RuntimePool,
      poolManifest(cluster.namespace, { name: "unset", environment: "unset" }),
    );
    await untilReason("unset", "RegistryNotSet");
    await eventually(
      async () =>
        (await cluster.admin.get(RuntimePool, ref("unset"))).status?.conditions?.some(
          ({ reason }) => reason === "RegistryNotSet",
        ),
      { message: "the pool saying so" },
    );
    expect(await cluster.runtimes({ pool: "unset" })).toEqual([]);
  });
});

describe("an environment that names an Image", () => {
  it("waits for it, runs its newest build by digest, and rolls its pools to the next one", async () => {
    await createEnvironment("built", { dockerImage: undefined, image: { name: "jupyter" } });
    await cluster.admin.create(
      RuntimePool,
      poolManifest(cluster.namespace, { name: "built", environment: "built", size: 2 }),
    );
    const missing = await untilReason("built", "ImageNotFound");
    expect(findCondition(missing.status?.conditions ?? [], "Ready")?.message).toBe(
      `spec.image.name: there is no Image "jupyter" in namespace ${cluster.namespace}.`,
    );

    await createImage(cluster.admin, ref("jupyter"));
    await untilReason("built", "ImageNotReady");
    expect(await cluster.runtimes({ pool: "built" })).toEqual([]);

    await publish(cluster.admin, ref("jupyter"), digestOf("a"));
    expect((await untilReason("built", "Usable")).status?.image).toBe(digestOf("a"));
    expect(await imagesOf("built", 2)).toEqual([digestOf("a"), digestOf("a")]);

    await publish(cluster.admin, ref("jupyter"), digestOf("b"));
    await eventually(async () => (await imagesOf("built", 2)).every((image) => image === digestOf("b")), {
      timeoutMs: 20_000,
      message: "the pool running the next build",
    });
  });
});

async function imagesOf(pool: string, count: number): Promise<(string | undefined)[]> {
  const runtimes = await cluster.available(pool, count);
  return runtimes.map(({ pod }) => pod.spec?.containers[0]?.image);
}
