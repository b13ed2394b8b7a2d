import { randomBytes } from "node:crypto";
import type { ClusterState } from "../process/state.ts";
import { Supervisor } from "../process/supervisor.ts";
import { silentProgress, type Progress } from "../progress/progress.ts";
import { findProgram, Provisioner } from "../provision/provisioner.ts";
import { readSettings, type Settings } from "../settings.ts";
import { attachTo, findCluster, type KubeconfigChoice } from "./attach.ts";
import type { ImageSet } from "../images/sets.ts";
import { realNodeObstacle } from "../node/obstacle.ts";
import { chooseNodes } from "./choose-nodes.ts";
import type { ClusterContext } from "./context.ts";
import { ClusterDirectory, removeCluster } from "./directory.ts";
import { startParts, type NodeKind } from "./parts.ts";
import { runningCluster, type DevCluster, type StartedCluster } from "./running.ts";

export { keepRepository } from "../registry/kept.ts";
export type { DevCluster, ImageSet, KubeconfigChoice, NodeKind, StartedCluster };

/** Which cluster to start. */
export interface ClusterOptions {
  /** Default: a new random name. */
  name?: string;
  /** `auto` is `real` where that is possible, else `kwok`, which is told. */
  nodes: NodeKind | "auto";
  /** A cluster that is there already, to be used as it is; of the parts below, nothing is started then. */
  attach?: KubeconfigChoice;
  /** How many nodes kwok plays. Default: 1. */
  kwokNodes?: number;
  /** Whether to start an image registry; a real node always has one. Default: false. */
  registry?: boolean;
  /**
   * What the registry holds beside the images of a real node. `builds`: the image in which images are built, and a
   * Python to build environments on; with a real node, also an index of Python packages that builds can reach.
   * Default: nothing.
   */
  images?: readonly ImageSet[];
  /** Repositories that the registry of a real node has as `keepRepository` left them. Default: none. */
  keptRepositories?: readonly string[];
  /** Whether to start Traefik. Default: with a real node. */
  traefik?: boolean;
  /** Whether the API server keeps an audit log of what service accounts ask for. Default: false. */
  audit?: boolean;
  /** Whether the cluster outlives this process, until `devcluster down`. Default: false. */
  detached?: boolean;
  /** Gives up starting; whatever runs by then is ended. */
  signal?: AbortSignal;
  /** Default: silent. */
  progress?: Progress;
  /** Default: what the environment says. */
  settings?: Settings;
}

/**
 * Starts a cluster; everything works on return.
 *
 * It lasts until `down`, and unless `detached` no longer than this process: however that one dies, the components
 * die with it, and the next start of any cluster removes the rest. Rejects with a `UserError` when something is
 * missing on this machine or a cluster with that name runs; nothing is left behind then.
 */
export async function startCluster(options: ClusterOptions): Promise<StartedCluster> {
  const { settings = readSettings(), progress = silentProgress } = options;
  const existing = options.attach && (await findCluster(options.attach));
  const nodes =
    existing?.nodes ?? chooseNodes(options.nodes, await realNodeObstacle(settings.searchPath), progress);
  const name = options.name ?? `cluster-${randomBytes(4).toString("hex")}`;
  const { state, instance } = await new ClusterDirectory(settings.stateDir).create(name, nodes);
  try {
    const context = await createContext(state, instance, { ...options, settings, progress, name });
    const parts = existing
      ? await attachTo(existing, state)
      : await startParts(context, { ...options, nodes, settings });
    const owner = options.detached ? { owner: null } : {};
    await state.updateCluster({ ...parts, ...owner, attached: existing !== undefined });
    const cluster = runningCluster(state, { name, nodes, ...parts }, settings);
    return { ...cluster, attached: existing !== undefined, start: (spec) => context.supervisor.start(spec) };
  } catch (error) {
    await removeCluster(state);
    throw error;
  }
}

async function createContext(
  state: ClusterState,
  instance: string,
  options: ClusterOptions & { name: string; settings: Settings; progress: Progress },
): Promise<ClusterContext> {
  const { name, settings, progress, signal, detached = false } = options;
  const { searchPath, cacheDir } = settings;
  const setpriv = await findProgram(["setpriv"], searchPath);
  const supervisor = new Supervisor({ state, instance, detached, setpriv, signal });
  const provisioner = new Provisioner({ cacheDir, searchPath, progress, signal });
  return { name, state, supervisor, provisioner, progress, searchPath, signal };
}
