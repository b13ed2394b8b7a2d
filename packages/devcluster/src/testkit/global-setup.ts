import type { TestProject } from "vitest/node";
import { startCluster } from "../cluster/cluster.ts";
import { stderrProgress } from "../progress/progress.ts";
import { readSettings } from "../settings.ts";

declare module "vitest" {
  /** What the global set-up hands to the test files. */
  interface ProvidedContext {
    devclusterKubeconfig: string;
    /** Set by a package's vitest config (`provide`): which nodes its tests need. Default: none. */
    devclusterNodes?: "kwok" | "none";
    /** Set by a package's vitest config: whether its tests need a cluster to themselves. Default: false. */
    devclusterOwn?: boolean;
  }
}

/**
 * Vitest's global set-up: one cluster for the whole run, an API server with a controller manager, and the nodes
 * that the config asks for. A cluster given by DEVCLUSTER_KUBECONFIG is used instead, and left as it is, unless the
 * suite needs one to itself.
 */
export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const { devclusterNodes: nodes = "none", devclusterOwn: own = false } = project.config.provide;
  const { sharedKubeconfig } = readSettings();
  if (sharedKubeconfig !== undefined && !own) {
    project.provide("devclusterKubeconfig", sharedKubeconfig);
    return undefined;
  }
  const cluster = await startCluster({ nodes, progress: stderrProgress() });
  project.provide("devclusterKubeconfig", cluster.kubeconfigPath);
  return () => cluster.down();
}
