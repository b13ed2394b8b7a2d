import { keepRepository, type StartedCluster } from "@datalayer/devcluster/cluster";
import type { Progress } from "@datalayer/devcluster/progress";
import {
  applyExample,
  applyImage,
  imageOfExample,
  type OtherImage,
  poolOfExample,
  repositoryOfExample,
} from "./example.ts";
import { runCell } from "./kernel.ts";
import { startOperator } from "./operator.ts";
import { claimRuntime, type ClaimedRuntime, endRuntime, listRuntimes, type OperatorApi } from "./rest.ts";
import { reversible } from "./reversible.ts";
import { untilBuilt, untilGone, untilWarm } from "./watching.ts";
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
  /** The Jupyter image; default: on a real node of a local cluster one that is built, else the local registry's. */
  image?: string;
  signal: AbortSignal;
  progress: Progress;
}

/**
 * Installs the operator, builds an image, warms a pool of it, claims a runtime and runs a cell in it. What fails leaves
 * nothing behind.
 */
export function prove(cluster: StartedCluster, options: JourneyOptions): Promise<Proof> {
  const { signal, progress } = options;
  return reversible(async (later) => {
    const isBuilt = buildsImage(cluster, options);
    const operator = await startOperator(cluster, progress, { images: isBuilt });
    later(() => operator.undo());
    const other = isBuilt ? await buildImage(cluster, options) : otherImage(options);
    const startedMs = performance.now();
    await applyExample(cluster, { other, later });
    await progress.task("warming the pool", (note) => untilWarm(cluster, poolOfExample, { note, signal }));
    const warmMs = Math.round(performance.now() - startedMs);
    later(() => endRuntimes(cluster, operator));
    const { runtime: claimed, claimMs } = await claimRuntime(operator, signal);
    const { runtime, close } = await openWayIn(cluster, claimed);
    later(close);
    const ask = (): Promise<string> => runCell(runtime, isBuilt ? cellOfImage : "6*7");
    const answer = cluster.nodes === "kwok" ? null : await progress.task("asking the kernel", ask);
    const { apiUrl, apiKeyPath } = operator;
    return { answer, nodes: cluster.nodes, warmMs, claimMs, runtime, apiUrl, apiKeyPath };
  });
}

/** What only the image that is built can run. */
const cellOfImage = "import humanize; int(humanize.intcomma(6*7))";

/** Whether the image is built: on nodes of the reader's own, no builder is to be had; and fake ones run none. */
function buildsImage({ attached, nodes }: StartedCluster, { image }: JourneyOptions): boolean {
  return !attached && nodes === "real" && image === undefined;
}

function otherImage({ image }: JourneyOptions): OtherImage | undefined {
  return image === undefined ? undefined : { dockerImage: image };
}

/** Builds the image that the example's runtimes run, or finds that an earlier start has built it. */
async function buildImage(
  cluster: StartedCluster,
  { signal, progress }: JourneyOptions,
): Promise<OtherImage> {
  const { name } = imageOfExample;
  await progress.task("building the image", async (note) => {
    await applyImage(cluster);
    await untilBuilt(cluster, imageOfExample, { note, signal });
    await keepRepository(cluster, repositoryOfExample);
  });
  return { image: { name } };
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
