/**
 * The main job of the project on a local cluster: `npm start`. A pool keeps Jupyter servers warm, one REST call
 * assigns one, and a cell runs in it, reached by the URL that its user has.
 */
import { once } from "node:events";
import { startCluster } from "@datalayer/devcluster/cluster";
import { UserError } from "@datalayer/devcluster/errors";
import { stderrProgress } from "@datalayer/devcluster/progress";
import { interruption } from "@datalayer/devcluster/signals";
import { Command, Option } from "commander";
import { afterwards, failureLine, onlyFirst, proofLine, reasonOf } from "./answers.ts";
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

const signal = interruption();

const tellJson = onlyFirst((line) => process.stdout.write(line));

try {
  await main();
} catch (error) {
  const reason = reasonOf(error);
  if (flags.json) tellJson(failureLine(reason));
  process.stderr.write(`${reason}\n`);
  process.exitCode = 1;
}

async function main(): Promise<void> {
  const progress = stderrProgress();
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
  let proof: Proof;
  try {
    proof = await prove(cluster, { image, signal, progress });
    if (!flags.json) process.stdout.write(afterwards(proof, cluster, { stays: !flags.once }));
    if (!flags.once) await stay(proof);
    await progress.task("removing what was made", () => proof.undo());
  } finally {
    await progress.task("ending the cluster", () => cluster.down());
  }
  // Not before: a removal that fails makes the whole a failure.
  if (flags.json) tellJson(proofLine(proof));
}

/** Leaves what was made to the reader, until Ctrl-C. */
async function stay(proof: Proof): Promise<void> {
  if (flags.json) tellJson(proofLine(proof));
  // To wait for a signal does not keep a process alive.
  const alive = setInterval(() => undefined, 60_000);
  if (!signal.aborted) await once(signal, "abort");
  clearInterval(alive);
}
