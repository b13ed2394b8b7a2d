import { delimiter } from "node:path";
import type { ClusterState } from "../process/state.ts";
import type { Settings } from "../settings.ts";
import { removeCluster } from "./directory.ts";
import type { NodeKind, StartedParts } from "./parts.ts";

/** A running cluster. */
export interface DevCluster {
  name: string;
  kubeconfigPath: string;
  server: string;
  nodes: NodeKind;
  /** `host:port` of the image registry, if one was asked for. */
  registry?: string;
  /** Variables for programs that use the cluster: KUBECONFIG, DEVCLUSTER_KUBECONFIG, PATH with kubectl first. */
  env(): Record<string, string>;
  /** Ends the cluster and everything it made. Calling it again does nothing. */
  down(): Promise<void>;
}

/** The cluster whose parts run, as its users see it. */
export function runningCluster(
  state: ClusterState,
  parts: StartedParts & { name: string; nodes: NodeKind },
  settings: Settings,
): DevCluster {
  const { name, nodes, server, kubeconfigPath } = parts;
  return {
    name,
    nodes,
    server,
    kubeconfigPath,
    registry: parts.addresses["registry"],
    env: () => ({
      KUBECONFIG: kubeconfigPath,
      DEVCLUSTER_KUBECONFIG: kubeconfigPath,
      PATH: [...parts.programDirs, settings.path].join(delimiter),
    }),
    down: () => removeCluster(state),
  };
}
