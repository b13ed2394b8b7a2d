import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { answer } from "@datalayer/devcluster/testkit/fault-proxy";
import { findCondition } from "@datalayer/shared/controller/conditions";
import { Dataset } from "@datalayer/shared/crds/dataset";
import { RuntimeContent } from "@datalayer/shared/crds/runtime-content";
import { RuntimeEnvironment } from "@datalayer/shared/crds/runtime-environment";
import { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import { Secret } from "@datalayer/shared/kube/kinds";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { contentManifest, environmentManifest, poolManifest } from "../../test/builders.ts";
import { installDatashimKind, provide } from "../../test/datashim.ts";
import { type Harness, startHarness } from "../../test/harness.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { contentLabel } from "./dataset.ts";

let cluster: Harness;

beforeAll(async () => {
  cluster = await startHarness();
  await installDatashimKind(cluster.admin);
  const settings = { DATALAYER_SHARED_FS_VOLUME_CLAIM_NAME: "shared-fs-pvc" };
  await cluster.startReplica("first", { settings });
});

const ref = (name: string) => ({ namespace: cluster.namespace, name });

function createContent(name: string, spec: Partial<RuntimeContent["spec"]> = {}): Promise<RuntimeContent> {
  return cluster.admin.create(RuntimeContent, contentManifest(cluster.namespace, name, spec));
}

async function createSecret(name: string, stringData: Record<string, string>): Promise<void> {
  const { apiVersion, kind } = Secret;
  await cluster.admin.create(Secret, { apiVersion, kind, metadata: ref(name), stringData });
}

async function createPool(name: string, contents: RuntimeEnvironment["spec"]["contents"]): Promise<void> {
  await cluster.admin.create(RuntimeEnvironment, environmentManifest(cluster.namespace, { name, contents }));
  await cluster.admin.create(
    RuntimePool,
    poolManifest(cluster.namespace, { name, environment: name, size: 2 }),
  );
}

/** The object once its condition has this reason. */
function untilReason<T extends RuntimeContent | RuntimePool>(
  read: () => Promise<T>,
  type: string,
  reason: string,
): Promise<T> {
  return eventually(
    async () => {
      const object = await read();
      return findCondition(object.status?.conditions ?? [], type)?.reason === reason && object;
    },
    { timeoutMs: 20_000, message: `${type} having the reason ${reason}` },
  );
}

const contentUntil = (name: string, type: string, reason: string): Promise<RuntimeContent> =>
  untilReason(() => cluster.admin.get(RuntimeContent, ref(name)), type, reason);

const datasetsOf = async (content: string): Promise<Dataset[]> => {
  const labelSelector = `${contentLabel}=${content}`;
  return (await cluster.admin.list(Dataset, { namespace: cluster.namespace, labelSelector })).items;
};

const datasetOf = (content: string, unless?: string): Promise<Dataset> =>
  eventually(async () => (await datasetsOf(content)).find(({ metadata }) => metadata.name !== unless), {
    message: `a Dataset of ${content}`,
  });

const created = (pool: string): Promise<Runtime[]> =>
  eventually(
    async () => {
      const runtimes = await cluster.runtimes({ pool });
      return runtimes.length === 2 && runtimes;
    },
    { message: `two runtimes in ${pool}` },
  );

describe("a content", () => {
  it("is Ready when it can be mounted, and nothing more is written", async () => {
    await createContent("course");
    const { status } = await contentUntil("course", "Ready", "Mountable");
    expect(status).toMatchObject({ observedGeneration: 1 });
    expect(status?.conditions?.map((one) => `${one.type}=${one.status}`)).toEqual([
      "Reconciling=False",
      "Stalled=False",
      "Ready=True",
    ]);
    const writes = cluster.proxy.log.writes({ exceptResource: "leases" });
    const ofContents = writes.filter(({ resource }) => resource.startsWith("runtime-contents"));
    expect(ofContents).toHaveLength(1);
  });

  it("is stalled when it is not pinned, until it is", async () => {
    await createContent("unpinned", { revision: undefined });
    const { status } = await contentUntil("unpinned", "Stalled", "RevisionMissing");
    expect(findCondition(status?.conditions ?? [], "Ready")?.status).toBe("False");
    const operation = { op: "add" as const, path: "/spec/revision", value: "b".repeat(40) };
    await cluster.admin.patch(RuntimeContent, ref("unpinned"), [operation]);
    await contentUntil("unpinned", "Ready", "Mountable");
  });

  it("gets its uid when the older one that had it is gone", async () => {
    const uid = "01J9Z8W7V6T5S4R3Q2P1N0M9K8";
    const older = await createContent("twin-a", { uid });
    await contentUntil("twin-a", "Ready", "Mountable");
    await createContent("twin-b", { uid: uid.toLowerCase() });
    await contentUntil("twin-b", "Stalled", "UidTaken");
    await cluster.admin.delete(RuntimeContent, ref("twin-a"), { uid: older.metadata.uid });
    await contentUntil("twin-b", "Ready", "Mountable");
  });
});

describe("a git content", () => {
  it("is not Ready while there is no Secret of the name that it says", async () => {
    await createContent("private", { secret: "git-access" });
    const { status } = await contentUntil("private", "Ready", "SecretMissing");
    expect(findCondition(status?.conditions ?? [], "Ready")).toMatchObject({
      status: "False",
      message: `spec.secret: there is no Secret "git-access" in namespace ${cluster.namespace}.`,
    });
    await createSecret("git-access", { username: "any", password: "token" });
    await cluster.admin.patch(RuntimeContent, ref("private"), [
      { op: "add", path: "/spec/description", value: "Looked at again" },
    ]);
    await contentUntil("private", "Ready", "Mountable");
  });
});

describe("a pool whose environment names contents", () => {
  it("makes no Pod before all of them are there, and says which one is not", async () => {
    await createContent("shared", { type: "nfs", subPath: "datasets" });
    await createPool("partial", [
      { name: "shared", mount: "/data/shared" },
      { name: "later", mount: "/data/later" },
    ]);
    const read = () => cluster.admin.get(RuntimePool, ref("partial"));
    const { status } = await untilReason(read, "Stalled", "ContentNotFound");
    expect(findCondition(status?.conditions ?? [], "Ready")?.message).toBe(
      `RuntimeEnvironment "partial": spec.contents[1].name: there is no RuntimeContent "later" in namespace ${cluster.namespace}.`,
    );
    expect(await cluster.runtimes({ pool: "partial" })).toEqual([]);
    await createContent("later");
    // They stay pending: nobody provides the claim.
    const [runtime] = await created("partial");
    expect(runtime?.pod.spec?.containers[0]?.volumeMounts?.slice(-2)).toEqual([
      { name: "shared-fs", subPath: "datasets", mountPath: "/data/shared", readOnly: true },
      { name: "content-1", subPath: "tree", mountPath: "/data/later", readOnly: true },
    ]);
  });

  it("replaces its runtimes when one of them changes", async () => {
    const uid = "01J9Z8W7V6T5S4R3Q2P1N0M9K7";
    await createContent("rolling", { uid });
    await createPool("rolled", [{ uid, mount: "/data/rolling" }]);
    const before = new Set((await cluster.available("rolled", 2)).map(({ name }) => name));
    const value = "c".repeat(40);
    await cluster.admin.patch(RuntimeContent, ref("rolling"), [
      { op: "replace", path: "/spec/revision", value },
    ]);
    const after = await eventually(
      async () => {
        const runtimes = await cluster.runtimes({ pool: "rolled", state: "available" });
        return runtimes.length === 2 && runtimes.every(({ name }) => !before.has(name)) && runtimes;
      },
      { timeoutMs: 30_000, message: "all runtimes being replaced" },
    );
    const env = after[0]?.pod.spec?.initContainers?.[0]?.env;
    expect(env?.find(({ name }) => name === "DATALAYER_CONTENT_REVISION")?.value).toBe(value);
  });

  it("keeps its runtimes when one of them is not ready any more", async () => {
    await createContent("fading");
    await createPool("kept", [{ name: "fading", mount: "/data" }]);
    const before = (await cluster.available("kept", 2)).map(({ name }) => name);
    await cluster.admin.patch(RuntimeContent, ref("fading"), [{ op: "remove", path: "/spec/revision" }]);
    await untilReason(() => cluster.admin.get(RuntimePool, ref("kept")), "Stalled", "ContentNotReady");
    expect((await cluster.available("kept", 2)).map(({ name }) => name)).toEqual(before);
  });
});

describe("an s3 content", () => {
  const keys = { access_key_id: "id", secret_access_key: "canary-key", region: "us-west-2" };

  it("is mounted by the claim of its Dataset once Datashim has bound it", async () => {
    await createSecret("landsat-keys", keys);
    await createContent("landsat", { type: "s3", source: "landsat", secret: "landsat-keys" });
    await contentUntil("landsat", "Reconciling", "ClaimPending");
    const dataset = await datasetOf("landsat");
    const secret = await cluster.admin.get(Secret, ref(dataset.spec.local["secret-name"] ?? ""));
    expect(Buffer.from(secret.data?.["secretAccessKey"] ?? "", "base64").toString()).toBe("canary-key");
    expect(JSON.stringify(dataset)).not.toContain("canary-key");
    await createPool("scenes", [{ name: "landsat", mount: "/data/landsat" }]);
    await provide(cluster.admin, dataset);
    expect((await contentUntil("landsat", "Ready", "Mountable")).status?.claimName).toBe(
      dataset.metadata.name,
    );
    const [runtime] = await created("scenes");
    expect(runtime?.pod.spec?.volumes).toContainEqual({
      name: "content-0",
      persistentVolumeClaim: { claimName: dataset.metadata.name },
    });
  });

  it("gets another Dataset when its bucket changes, and the first one goes when the other is there", async () => {
    await createSecret("moving-keys", keys);
    await createContent("moving", { type: "s3", source: "before", secret: "moving-keys" });
    const first = await datasetOf("moving");
    await provide(cluster.admin, first);
    await contentUntil("moving", "Ready", "Mountable");
    const operation = { op: "replace" as const, path: "/spec/source", value: "after" };
    await cluster.admin.patch(RuntimeContent, ref("moving"), [operation]);
    const second = await datasetOf("moving", first.metadata.name);
    expect(await datasetsOf("moving")).toHaveLength(2);
    await provide(cluster.admin, second);
    await eventually(async () => (await datasetsOf("moving")).length === 1, {
      message: "the first being gone",
    });
    expect((await contentUntil("moving", "Ready", "Mountable")).status?.claimName).toBe(second.metadata.name);
  });

  it("says what Datashim says when it fails", async () => {
    await createSecret("failing-keys", keys);
    await createContent("failing", { type: "s3", source: "failing", secret: "failing-keys" });
    await provide(cluster.admin, await datasetOf("failing"), { status: "Failed", info: "no such bucket" });
    const { status } = await contentUntil("failing", "Stalled", "DatasetFailed");
    expect(findCondition(status?.conditions ?? [], "Ready")?.message).toContain("no such bucket");
  });

  it("waits for its Secret", async () => {
    await createContent("keyless", { type: "s3", source: "keyless", secret: "absent" });
    const { status } = await contentUntil("keyless", "Reconciling", "SecretMissing");
    expect(findCondition(status?.conditions ?? [], "Ready")?.message).toBe(
      `spec.secret: there is no Secret "absent" in namespace ${cluster.namespace}.`,
    );
  });

  it("is stalled where Datashim is missing, and leaves no copy of its keys", async () => {
    // As the API server answers where the kind is not served.
    const missing = cluster.proxy.inject({ verb: "create", resource: "datasets", act: answer(404) });
    onTestFinished(() => missing.remove());
    await createSecret("early-keys", keys);
    await createContent("early", { type: "s3", source: "early", secret: "early-keys" });
    const { status } = await contentUntil("early", "Stalled", "DatashimMissing");
    expect(status?.conditions?.map((one) => `${one.type}=${one.status}`)).toEqual([
      "Ready=False",
      "Reconciling=False",
      "Stalled=True",
    ]);
    const { items } = await cluster.admin.list(Secret, { namespace: cluster.namespace });
    expect(items.filter(({ metadata }) => metadata.name.startsWith("content-early"))).toEqual([]);
  });
});
