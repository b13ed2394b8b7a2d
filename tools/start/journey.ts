import type { StartedCluster } from "@datalayer/devcluster/cluster";
import type { Progress } from "@datalayer/devcluster/progress";
import { applyExample, poolOfExample } from "./example.ts";
import { runCell } from "./kernel.ts";
import { startOperator } from "./operator.ts";
import { claimRuntime, type ClaimedRuntime } from "./rest.ts";
import { untilWarm } from "./warm-pool.ts";

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
}

/** What the journey is made with. */
export interface JourneyOptions {
  /** The Jupyter image; default: the local registry's. */
  image?: string;
  signal: AbortSignal;
  progress: Progress;
}

/** Installs the operator, warms a pool, claims a runtime and runs a cell in it. */
export async function prove(
  cluster: StartedCluster,
  { image, signal, progress }: JourneyOptions,
): Promise<Proof> {
  const operator = await startOperator(cluster, progress);
  const startedMs = performance.now();
  await applyExample(cluster, image);
  await progress.task("warming the pool", (note) => untilWarm(cluster, poolOfExample, { note, signal }));
  const warmMs = Math.round(performance.now() - startedMs);
  const { runtime, claimMs } = await claimRuntime(operator, signal);
  const answer =
    cluster.nodes === "kwok" ? null : await progress.task("asking the kernel", () => runCell(runtime, "6*7"));
  return { answer, nodes: cluster.nodes, warmMs, claimMs, runtime, ...operator };
}
