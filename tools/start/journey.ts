import type { StartedCluster } from "@datalayer/devcluster/cluster";
import type { Progress } from "@datalayer/devcluster/progress";
import { applyExample, poolOfExample } from "./example.ts";
import { runCell } from "./kernel.ts";
import { startOperator } from "./operator.ts";
import { claimRuntime, type ClaimedRuntime, endRuntime, listRuntimes, type OperatorApi } from "./rest.ts";
import { reversible } from "./reversible.ts";
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
  /** Ends the operator, and takes out of the reader's own cluster what the journey brought. */
  undo: () => Promise<void>;
}

/** What the journey is made with. */
export interface JourneyOptions {
  /** The Jupyter image; default: the local registry's. */
  image?: string;
  signal: AbortSignal;
  progress: Progress;
}

/** Installs the operator, warms a pool, claims a runtime and runs a cell in it. What fails leaves nothing behind. */
export function prove(cluster: StartedCluster, options: JourneyOptions): Promise<Proof> {
  const { image, signal, progress } = options;
  return reversible(async (later) => {
    const operator = await startOperator(cluster, progress);
    later(() => operator.undo());
    const startedMs = performance.now();
    await applyExample(cluster, { image, later });
    await progress.task("warming the pool", (note) => untilWarm(cluster, poolOfExample, { note, signal }));
    const warmMs = Math.round(performance.now() - startedMs);
    later(() => endRuntimes(cluster, operator));
    const { runtime: claimed, claimMs } = await claimRuntime(operator, signal);
    const { runtime, close } = await openWayIn(cluster, claimed);
    later(close);
    const ask = (): Promise<string> => runCell(runtime, "6*7");
    const answer = cluster.nodes === "kwok" ? null : await progress.task("asking the kernel", ask);
    const { apiUrl, apiKeyPath } = operator;
    return { answer, nodes: cluster.nodes, warmMs, claimMs, runtime, apiUrl, apiKeyPath };
  });
}

/**
 * Ends the runtimes of the example in the reader's own cluster, those too that the reader claimed: only a running
 * operator lets them go. A local cluster goes as a whole.
 */
async function endRuntimes(cluster: StartedCluster, operator: OperatorApi): Promise<void> {
  if (!cluster.attached) return;
  const { namespace } = poolOfExample;
  for (const runtime of await listRuntimes(operator)) {
    await endRuntime(operator, runtime);
    await untilGone(cluster, { namespace, name: runtime.pod_name });
  }
}
