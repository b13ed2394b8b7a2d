import { delimiter } from "node:path";
import { registryAlias } from "../images/images.ts";
import type { ClusterState } from "../process/state.ts";
import type { Component, ComponentSpec } from "../process/supervisor.ts";
import type { Settings } from "../settings.ts";
import { UserError } from "../errors.ts";
import { auditLogPath } from "./audit.ts";
import { ClusterDirectory, removeCluster } from "./directory.ts";
import type { NodeKind, StartedParts } from "./parts.ts";

/** A running cluster. */
export interface DevCluster {
  name: string;
  kubeconfigPath: string;
  server: string;
  nodes: NodeKind;
  /** `host:port` of the image registry, if one was asked for. */
  registry?: string;
  /** URL of an index of Python packages (PEP 503, plain HTTP), if builds were asked for. */
  packageIndex?: string;
  /** URL of Traefik's entry point and of its API, if it was asked for. */
  traefik?: string;
  traefikApi?: string;
  /** Folders with programs for the reader, such as kubectl. */
  programDirs: readonly string[];
  /** Variables for programs that use the cluster: KUBECONFIG, DEVCLUSTER_KUBECONFIG, PATH with kubectl first. */
  env(): Record<string, string>;
  /** File of the audit log, where one was asked for: events of audit.k8s.io/v1, one JSON object a line. */
  auditLogPath: string;
  /** The cluster's own folder; it goes with the cluster. */
  directory: string;
  /** The name by which Pods ask the registry for images. */
  imageRegistry: string;
  /** Ends the cluster and everything it made. Calling it again does nothing. */
  down(): Promise<void>;
}

/** A cluster that this process started. */
export interface StartedCluster extends DevCluster {
  /** It was there before, and stays. */
  attached: boolean;
  /** Starts one more process of the cluster: it has a log like the others, and ends with them. */
  start(spec: ComponentSpec): Promise<Component>;
}

/** The cluster whose parts run, as its users see it. */
export function runningCluster(
  state: ClusterState,
  parts: StartedParts & { name: string; nodes: NodeKind },
  settings: Settings,
): DevCluster {
  const { name, nodes, server, kubeconfigPath, programDirs } = parts;
  return {
    name,
    nodes,
    server,
    kubeconfigPath,
    programDirs,
    directory: state.dir,
    auditLogPath: auditLogPath(state),
    imageRegistry: registryAlias,
    registry: parts.addresses["registry"],
    packageIndex: parts.addresses["package-index"],
    traefik: parts.addresses["traefik"],
    traefikApi: parts.addresses["traefik-api"],
    env: () => ({
      KUBECONFIG: kubeconfigPath,
      DEVCLUSTER_KUBECONFIG: kubeconfigPath,
      PATH: [...programDirs, settings.path].join(delimiter),
    }),
    down: () => removeCluster(state),
  };
}

/** A cluster that was started before, by its name. Rejects with a `UserError` when none with that name works. */
export async function openCluster(name: string, settings: Settings): Promise<DevCluster> {
  const state = new ClusterDirectory(settings.stateDir).state(name);
  const record = await state.readCluster();
  if (record?.server === undefined || record.kubeconfigPath === undefined) {
    throw new UserError(`There is no cluster "${name}": start it with \`npx devcluster up --name ${name}\`.`);
  }
  const { server, kubeconfigPath } = record;
  return runningCluster(state, { ...record, server, kubeconfigPath }, settings);
}
