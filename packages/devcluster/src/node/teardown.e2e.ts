import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { startCluster } from "../cluster/cluster.ts";
import { ClusterDirectory } from "../cluster/directory.ts";
import { coreApi } from "../cluster/nodes.ts";
import { jupyterImage } from "../images/images.ts";
import { readSettings } from "../settings.ts";
import { createObjects } from "../testkit/create-objects.ts";
import { eventually } from "../testkit/eventually.ts";
import { jupyterManifest } from "../testkit/jupyter-manifest.ts";
import { leftovers, nodeTraces, type NodeTraces } from "../testkit/node-traces.ts";

const namespace = "default";
const cleanUps: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) {
    await cleanUp();
  }
});

describe("given a node with a running Pod", () => {
  it("leaves nothing behind when its cluster is taken down", async () => {
    const cluster = await startCluster({ nodes: "real", traefik: false });
    cleanUps.push(() => cluster.down());
    const traces = await tracesWithPod(cluster);
    await cluster.down();
    // The kernel takes a moment to release the namespaces of processes that have ended.
    await expect.poll(() => leftovers(traces)).toEqual([]);
  });

  it("leaves no process behind when its owner is killed, and the next start removes the rest", async () => {
    const owner = spawn(process.execPath, [
      "--input-type=module",
      `--eval=${ownerScript}`,
      join(import.meta.dirname, "..", "cluster", "cluster.ts"),
    ]);
    cleanUps.push(() => owner.kill("SIGKILL"));
    const [line] = (await once(owner.stdout, "data")) as [Buffer];
    const cluster = JSON.parse(line.toString()) as { name: string; kubeconfigPath: string };
    const traces = await tracesWithPod(cluster);

    owner.kill("SIGKILL");
    await eventually(async () => {
      const found = await leftovers(traces);
      return !found.some((name) => traces.namespaces.includes(name));
    });

    const next = await startCluster({ nodes: "none" });
    cleanUps.push(() => next.down());
    await expect.poll(() => leftovers(traces)).toEqual([]);
  });

  it("does not touch the node of another cluster when it ends", async () => {
    const [kept, ended] = [
      await startCluster({ nodes: "real", traefik: false }),
      await startCluster({ nodes: "real", traefik: false }),
    ];
    cleanUps.push(
      () => kept.down(),
      () => ended.down(),
    );
    const traces = await tracesWithPod(kept);
    await ended.down();
    expect(await leftovers(traces)).toEqual(expect.arrayContaining([...traces.links, ...traces.namespaces]));
    const pod = await coreApi(kept.kubeconfigPath).readNamespacedPod({ namespace, name: "jupyter" });
    expect(pod.status?.containerStatuses?.[0]).toMatchObject({ ready: true, restartCount: 0 });
  });
});

/** Starts a cluster, tells its name, and lives until it is killed. */
const ownerScript = `
const { startCluster } = await import(process.argv[1]);
const { name, kubeconfigPath } = await startCluster({ nodes: "real", traefik: false });
console.log(JSON.stringify({ name, kubeconfigPath }));
setInterval(() => undefined, 60_000);
`;

/** Starts a Pod and resolves, once it is ready, with everything the node has then. */
async function tracesWithPod(cluster: { name: string; kubeconfigPath: string }): Promise<NodeTraces> {
  const api = coreApi(cluster.kubeconfigPath);
  const options = { name: "jupyter", baseUrl: "/", token: "open-sesame", image: jupyterImage };
  await createObjects(cluster.kubeconfigPath, jupyterManifest(options));
  await eventually(
    async () =>
      (await api.readNamespacedPod({ namespace, name: "jupyter" })).status?.containerStatuses?.[0]?.ready,
    { timeoutMs: 60_000, message: "the Pod to be ready" },
  );
  const state = new ClusterDirectory(readSettings().stateDir).state(cluster.name);
  const traces = await nodeTraces(state);
  // A bridge with one Pod on it; process, mount, and the Pod's own network namespace.
  expect(traces.links.length).toBeGreaterThanOrEqual(2);
  expect(traces.cgroups).toHaveLength(1);
  expect(traces.namespaces.length).toBeGreaterThanOrEqual(3);
  return traces;
}
