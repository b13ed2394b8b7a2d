import { type StartedCluster, startCluster } from "@datalayer/devcluster/cluster";
import { stderrProgress } from "@datalayer/devcluster/progress";
import { loadAccess } from "@datalayer/shared/kube/access";
import { RestClient } from "@datalayer/shared/kube/rest";
import { applyExample, poolOfExample } from "@datalayer/tools/start/example";
import { type OperatorOptions, type RunningOperator, startOperator } from "@datalayer/tools/start/operator";
import { untilWarm } from "@datalayer/tools/start/watching";

/** A cluster with a real node, and the operator in it. */
export interface Stage {
  cluster: StartedCluster;
  api: RunningOperator;
  /** May do everything. */
  kube: RestClient;
  /** Removes all of it. */
  end(): Promise<void>;
}

/**
 * Starts a cluster with a real node, and the operator in it.
 * @param settings - of the runtime-controller, beyond those that fit the cluster.
 * @param parts - with Traefik, runtimes are reached through it, else at their Pods.
 */
export async function startStage(
  settings?: OperatorOptions["settings"],
  { traefik = false, hostsPath }: { traefik?: boolean } & Pick<OperatorOptions, "hostsPath"> = {},
): Promise<Stage> {
  const progress = stderrProgress();
  const cluster = await startCluster({ nodes: "real", traefik, progress });
  const api = await startOperator(cluster, progress, { settings, hostsPath });
  const access = loadAccess({ kubeconfigPath: cluster.kubeconfigPath });
  const kube = new RestClient({ access, userAgent: "e2e", fieldManager: "e2e" });
  const end = async (): Promise<void> => {
    await kube.close();
    await cluster.down();
  };
  return { cluster, api, kube, end };
}

/** Applies the example and waits until its pool is warm. */
export async function warmExample({ cluster }: Pick<Stage, "cluster">): Promise<void> {
  await applyExample(cluster);
  await untilExampleWarm(cluster);
}

/** Waits until every runtime of the example's pool is available. */
export async function untilExampleWarm(cluster: StartedCluster): Promise<void> {
  const { signal } = new AbortController();
  await untilWarm(cluster, poolOfExample, { note: () => undefined, signal });
}
