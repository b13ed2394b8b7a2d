import { InvalidArgumentError, Option, type Command } from "commander";
import type { ClusterOptions, NodeKind } from "../cluster/cluster.ts";
import { imageSets, type ImageSet } from "../images/sets.ts";

/** The name of the cluster that commands mean when none is given. */
export const defaultName = "default";

/** The options by which a cluster is described. */
export interface ClusterFlags {
  name?: string;
  nodes: NodeKind | "auto";
  kwokNodes: number;
  registry?: boolean;
  images?: ImageSet[];
  traefik?: boolean;
  kubeconfig?: string;
  context?: string;
}

/** Adds the options that describe a cluster to a command. */
export function addClusterOptions(command: Command): Command {
  return command
    .addOption(
      new Option("--nodes <kind>", "what runs the Pods; auto: a real node if possible, else kwok")
        .choices(["real", "kwok", "none", "auto"])
        .default("real"),
    )
    .option("--kwok-nodes <n>", "how many nodes kwok plays", parseCount, 1)
    .option("--registry", "start an image registry; a real node always has one")
    .option(
      "--images <sets>",
      `what the registry holds beside the images of a real node, by commas: ${imageSets.join(", ")}`,
      parseImageSets,
    )
    .option("--traefik", "start Traefik (default: with a real node)")
    .option("--no-traefik", "start no Traefik")
    .option("--kubeconfig <file>", "use the cluster of this kubeconfig instead of starting one")
    .option("--context <name>", "use the cluster of this context instead of starting one");
}

/** The cluster that the options describe. */
export function clusterOptions(flags: ClusterFlags): ClusterOptions {
  const { name, nodes, kwokNodes, registry, images, traefik, kubeconfig, context } = flags;
  const given = kubeconfig !== undefined || context !== undefined;
  const attach = given ? { kubeconfigPath: kubeconfig, context } : undefined;
  return { name, nodes, kwokNodes, registry, images, traefik, attach };
}

function parseCount(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1) {
    throw new InvalidArgumentError("It has to be a whole number of at least 1.");
  }
  return count;
}

function parseImageSets(text: string): ImageSet[] {
  return text.split(",").map((name) => {
    const set = imageSets.find((known) => known === name);
    if (set === undefined) {
      throw new InvalidArgumentError(`"${name}" is no set of images; there are: ${imageSets.join(", ")}.`);
    }
    return set;
  });
}
