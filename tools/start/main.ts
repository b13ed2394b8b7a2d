/**
 * The main job of the project on a local cluster: `npm start`. A pool keeps Jupyter servers warm, one REST call
 * assigns one, and a cell runs in it, reached by the URL that its user has.
 */
import { once } from "node:events";
import { type DevCluster, startCluster } from "@datalayer/devcluster/cluster";
import { UserError } from "@datalayer/devcluster/errors";
import { stderrProgress } from "@datalayer/devcluster/progress";
import { Command, Option } from "commander";
import { afterwards, failureLine, proofLine } from "./answers.ts";
import { repositoryOfExample } from "./example.ts";
import { prove, type Proof } from "./journey.ts";

interface Flags {
  once?: boolean;
  json?: boolean;
  nodes: "real" | "kwok" | "auto";
  kubeconfig?: string;
  context?: string;
  image?: string;
}

const flags = new Command("npm start --")
  .description("Keep Jupyter runtimes warm on a local cluster, assign one, and run a cell in it.")
  .option("--once", "end after the proof instead of waiting for Ctrl-C")
  .option("--json", "print the proof as one JSON line")
  .addOption(
    new Option("--nodes <kind>", "what runs the Pods").choices(["real", "kwok", "auto"]).default("auto"),
  )
  .option("--context <name>", "use this context of your kubeconfig instead of a local cluster")
  .option("--kubeconfig <path>", "the kubeconfig of that context (default: as kubectl)")
  .option("--image <reference>", "the Jupyter image; needed with --context, whose nodes cannot pull ours")
  .parse()
  .opts<Flags>();

const interrupted = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"])
  process.once(signal, () => interrupted.abort(new UserError("interrupted")));

try {
  await main();
} catch (error) {
  const reason =
    error instanceof UserError ? error.message : String(error instanceof Error ? error.stack : error);
  if (flags.json) process.stdout.write(failureLine(reason));
  process.stderr.write(`${reason}\n`);
  process.exitCode = 1;
}

async function main(): Promise<void> {
  const progress = stderrProgress();
  const { signal } = interrupted;
  const { context, kubeconfig: kubeconfigPath, image, nodes } = flags;
  const attach =
    context === undefined && kubeconfigPath === undefined ? undefined : { context, kubeconfigPath };
  if (attach && image === undefined) {
    throw new UserError("Name a Jupyter image that the nodes of your cluster can pull: --image REFERENCE.");
  }
  const cluster = await startCluster({
    nodes,
    attach,
    // What the image of the example is built with; an image of the reader's own is built elsewhere.
    ...(image === undefined && { images: ["builds"], keptRepositories: [repositoryOfExample] }),
    signal,
    progress,
  });
  try {
    const proof = await prove(cluster, { image, signal, progress });
    tell(proof, cluster);
    if (!flags.once) await untilInterrupted(signal);
    await progress.task("removing what was made", () => proof.undo());
  } finally {
    await progress.task("ending the cluster", () => cluster.down());
  }
}

async function untilInterrupted(signal: AbortSignal): Promise<void> {
  // To wait for a signal does not keep a process alive.
  const alive = setInterval(() => undefined, 60_000);
  if (!signal.aborted) await once(signal, "abort");
  clearInterval(alive);
}

function tell(proof: Proof, cluster: DevCluster): void {
  if (flags.json) process.stdout.write(proofLine(proof));
  else process.stdout.write(afterwards(proof, cluster, { stays: !flags.once }));
}
