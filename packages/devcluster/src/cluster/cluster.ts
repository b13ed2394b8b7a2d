import { randomBytes } from "node:crypto";
import { Supervisor } from "../process/supervisor.ts";
import { silentProgress, type Progress } from "../progress/progress.ts";
import { findProgram, Provisioner } from "../provision/provisioner.ts";
import { readSettings, type Settings } from "../settings.ts";
import { chooseNodes } from "./choose-nodes.ts";
import { ClusterDirectory, removeCluster } from "./directory.ts";
import { startParts, type NodeKind } from "./parts.ts";
import { runningCluster, type DevCluster } from "./running.ts";

export type { DevCluster, NodeKind };

/** Which cluster to start. */
export interface ClusterOptions {
  /** Default: a new random name. */
  name?: string;
  /** `auto` is `real` where that is possible, else `kwok`, which is told. */
  nodes: NodeKind | "auto";
  /** How many nodes kwok plays. Default: 1. */
  kwokNodes?: number;
  /** Whether to start an image registry on loopback. */
  registry?: boolean;
  /** Whether to start Traefik. */
  traefik?: boolean;
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
export async function startCluster(options: ClusterOptions): Promise<DevCluster> {
  const settings = options.settings ?? readSettings();
  const { signal, progress = silentProgress, detached = false } = options;
  const nodes = chooseNodes(options.nodes, progress);
  const name = options.name ?? `cluster-${randomBytes(4).toString("hex")}`;
  const { state, instance } = await new ClusterDirectory(settings.stateDir).create(name, nodes);
  try {
    const { searchPath } = settings;
    const setpriv = await findProgram(["setpriv"], searchPath);
    const supervisor = new Supervisor({ state, instance, detached, setpriv, signal });
    const provisioner = new Provisioner({ cacheDir: settings.cacheDir, searchPath, progress, signal });
    const context = { name, state, supervisor, provisioner, progress, searchPath, signal };
    const parts = await startParts(context, { ...options, nodes, settings });
    await state.updateCluster({ ...parts, ...(detached ? { owner: null } : {}) });
    return runningCluster(state, { name, nodes, ...parts }, settings);
  } catch (error) {
    await removeCluster(state);
    throw error;
  }
}
