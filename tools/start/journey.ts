import type { StartedCluster } from "@datalayer/devcluster/cluster";
import { removeObjects } from "@datalayer/devcluster/manifests";
import type { Progress } from "@datalayer/devcluster/progress";
import type { KubernetesObject } from "@kubernetes/client-node";
import { applyExample, poolOfExample } from "./example.ts";
import { runCell } from "./kernel.ts";
import { type RunningOperator, startOperator } from "./operator.ts";
import { claimRuntime, type ClaimedRuntime, endRuntime } from "./rest.ts";
import { untilGone, untilWarm } from "./watching.ts";
import { openWayIn } from "./way-in.ts";

/** What the journey showed. */
export interface Proof {
  /** What the kernel answered; null where nodes are fake and no kernel runs. */
  answer: string | null;
  nodes: StartedCluster["nodes"];
  /** From the example being applied to every runtime of the pool being available. */
  warmMs: number;
  /** From the request to the answer. */
  claimMs: number;
  runtime: ClaimedRuntime;
  apiUrl: string;
  apiKeyPath: string;
  /** Removes what the journey brought into the cluster. */
  undo: () => Promise<void>;
}

/** What the journey is made with. */
export interface JourneyOptions {
  /** The Jupyter image; default: the local registry's. */
  image?: string;
  signal: AbortSignal;
  progress: Progress;
}

/** Installs the operator, warms a pool, claims a runtime and runs a cell in it. */
export async function prove(cluster: StartedCluster, options: JourneyOptions): Promise<Proof> {
  const { image, signal, progress } = options;
  const operator = await startOperator(cluster, progress);
  const startedMs = performance.now();
  const applied = await applyExample(cluster, image);
  await progress.task("warming the pool", (note) => untilWarm(cluster, poolOfExample, { note, signal }));
  const warmMs = Math.round(performance.now() - startedMs);
  const { runtime: claimed, claimMs } = await claimRuntime(operator, signal);
  const { runtime, close } = await openWayIn(cluster, claimed);
  const ask = (): Promise<string> => runCell(runtime, "6*7");
  const answer = cluster.nodes === "kwok" ? null : await progress.task("asking the kernel", ask);
  return {
    answer,
    nodes: cluster.nodes,
    warmMs,
    claimMs,
    runtime,
    ...operator,
    undo: async () => {
      close();
      await leave(cluster, { operator, runtime, applied });
    },
  };
}

interface Traces {
  operator: RunningOperator;
  runtime: ClaimedRuntime;
  applied: readonly KubernetesObject[];
}

/** Takes out of the reader's own cluster what the journey brought; a local cluster goes as a whole. */
async function leave(cluster: StartedCluster, { operator, runtime, applied }: Traces): Promise<void> {
  if (!cluster.attached) return;
  await endRuntime(operator, runtime);
  await untilGone(cluster, { namespace: poolOfExample.namespace, name: runtime.pod_name });
  await removeObjects(applied, cluster.kubeconfigPath);
  await operator.stop();
  await removeObjects(operator.installed, cluster.kubeconfigPath);
}
