import { Pod } from "@datalayer/shared/kube/kinds";
import { allRuntimes, componentLabel, operatorSelector, releaseLabel } from "../chart.ts";
import { type Cluster, withCluster } from "../cluster/cluster.ts";
import { Deployment } from "../cluster/kinds.ts";
import type { CommandContext } from "../command/context.ts";
import { defaultNamespace, type ClusterFlags } from "../command/options.ts";
import { gatherDefinitions, kindOf, listWidely } from "../observe/kinds.ts";

/** Names that a word being typed may become. */
export interface LiveNames {
  readonly releases: readonly string[];
  readonly controllers: readonly string[];
  /** `kind/name`. */
  readonly objects: readonly string[];
}

const none: LiveNames = { releases: [], controllers: [], objects: [] };

/** A shell waits no longer than this. */
const PATIENCE_MS = 2_000;

/** Reads the names in the cluster that the words choose; none when it does not answer at once. */
export async function liveNames(context: CommandContext, words: readonly string[]): Promise<LiveNames> {
  const signal = AbortSignal.any([context.signal, AbortSignal.timeout(PATIENCE_MS)]);
  try {
    return await withCluster({ ...context, signal }, flagsIn(words), (cluster) =>
      words[0] === "explain" ? gatherObjects(cluster) : gatherReleases(cluster),
    );
  } catch {
    // Nobody reads an error in the middle of a line.
    return none;
  }
}

function flagsIn(words: readonly string[]): ClusterFlags {
  const valueOf = (...names: string[]): string | undefined => {
    const index = words.findIndex((word) => names.includes(word));
    return index < 0 ? undefined : words[index + 1];
  };
  const [context, kubeconfig] = [valueOf("--context"), valueOf("--kubeconfig")];
  return {
    namespace: valueOf("-n", "--namespace") ?? defaultNamespace,
    ...(context && { context }),
    ...(kubeconfig && { kubeconfig }),
  };
}

async function gatherReleases(cluster: Cluster): Promise<LiveNames> {
  const deployments = await listWidely(cluster, Deployment, operatorSelector);
  const labels = (name: string): string[] => [
    ...new Set(deployments.flatMap(({ metadata }) => metadata.labels?.[name] ?? [])),
  ];
  return { ...none, releases: labels(releaseLabel), controllers: labels(componentLabel) };
}

async function gatherObjects(cluster: Cluster): Promise<LiveNames> {
  const definitions = await gatherDefinitions(cluster);
  const lists = await Promise.all([
    ...definitions.map(async (definition) => {
      const word = definition.spec.names.singular ?? definition.spec.names.plural;
      const objects = await listWidely(cluster, kindOf(definition));
      return objects.map(({ metadata }) => `${word}/${metadata.name}`);
    }),
    listWidely(cluster, Pod, allRuntimes).then((pods) =>
      pods.map(({ metadata }) => `runtime/${metadata.name}`),
    ),
  ]);
  return { ...none, objects: lists.flat() };
}
