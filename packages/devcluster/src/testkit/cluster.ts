import { randomBytes } from "node:crypto";
import { V1Namespace } from "@kubernetes/client-node";
import { afterAll, inject } from "vitest";
import { type NodeKind, startCluster } from "../cluster/cluster.ts";
import { coreApi } from "../cluster/nodes.ts";
import "./global-setup.ts";

/**
 * A cluster for this test file alone, which ends after it: for what would disturb the others.
 */
export async function ownCluster(nodes: NodeKind): Promise<{ kubeconfigPath: string }> {
  const cluster = await startCluster({ nodes });
  afterFile(() => cluster.down());
  return cluster;
}

/** The cluster of this test run; needs the global set-up of this folder. */
export function useCluster(): Promise<{ kubeconfigPath: string }> {
  const kubeconfigPath = inject("devclusterKubeconfig");
  return Promise.resolve({ kubeconfigPath });
}

/** What this test file undoes, last first. */
const cleanups: (() => Promise<void>)[] = [];

// Vitest ignores hooks that are added while tests run, so this one is there from the start.
afterAll(async () => {
  const failures: unknown[] = [];
  for (const cleanup of cleanups.toReversed())
    await cleanup().catch((error: unknown) => failures.push(error));
  if (failures.length > 0) throw new AggregateError(failures, "cleaning up after the test file failed");
});

/** Has this done after the test file. It may be called at any time, also in hooks and tests. */
export function afterFile(cleanup: () => Promise<void>): void {
  cleanups.push(cleanup);
}

/**
 * Creates a namespace with a name of its own, which is deleted after the test file.
 * @param cluster - default: that of the run.
 */
export async function testNamespace(cluster?: { kubeconfigPath: string }): Promise<string> {
  const { kubeconfigPath } = cluster ?? (await useCluster());
  const api = coreApi(kubeconfigPath);
  const name = `test-${randomBytes(5).toString("hex")}`;
  await api.createNamespace({ body: Object.assign(new V1Namespace(), { metadata: { name } }) });
  afterFile(async () => {
    await api.deleteNamespace({ name });
  });
  return name;
}
