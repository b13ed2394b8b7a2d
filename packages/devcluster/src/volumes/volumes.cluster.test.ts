import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startCluster } from "../cluster/cluster.ts";
import { coreApi } from "../cluster/nodes.ts";
import type { DevCluster } from "../cluster/running.ts";
import { createObjects } from "../testkit/create-objects.ts";
import { eventually } from "../testkit/eventually.ts";

const namespace = "default";
let cluster: DevCluster;

beforeAll(async () => {
  cluster = await startCluster({ nodes: "kwok" });
});

afterAll(() => cluster.down());

const folders = (): Promise<string[]> => readdir(join(cluster.directory, "volumes"));

const phaseOf = async (name: string): Promise<string | undefined> =>
  (await coreApi(cluster.kubeconfigPath).readNamespacedPersistentVolumeClaim({ namespace, name })).status
    ?.phase;

describe("a claim of the default storage class", () => {
  it("gets a folder with its first Pod, which goes with the claim", async () => {
    await createObjects(cluster.kubeconfigPath, claimManifest("used") + claimManifest("unused"));
    await createObjects(cluster.kubeconfigPath, podManifest("reader", "used"));
    await eventually(async () => (await phaseOf("used")) === "Bound", { message: "the claim being bound" });
    expect(await folders()).toHaveLength(1);
    expect(await phaseOf("unused")).toBe("Pending");

    const core = coreApi(cluster.kubeconfigPath);
    await core.deleteNamespacedPod({ namespace, name: "reader" });
    await core.deleteNamespacedPersistentVolumeClaim({ namespace, name: "used" });
    await eventually(async () => (await core.listPersistentVolume()).items.length === 0, {
      message: "the volume being gone",
    });
    expect(await folders()).toEqual([]);
  });
});

function claimManifest(name: string): string {
  return `
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: ${name} }
spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
`;
}

function podManifest(name: string, claim: string): string {
  return `
apiVersion: v1
kind: Pod
metadata: { name: ${name} }
spec:
  containers: [{ name: main, image: i, volumeMounts: [{ name: data, mountPath: /data }] }]
  volumes: [{ name: data, persistentVolumeClaim: { claimName: ${claim} } }]
`;
}
