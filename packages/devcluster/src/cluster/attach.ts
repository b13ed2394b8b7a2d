import { ApiException, CoreV1Api, KubeConfig } from "@kubernetes/client-node";
import { messageOf, UserError } from "../errors.ts";
import type { ClusterState } from "../process/state.ts";
import type { NodeKind, StartedParts } from "./parts.ts";

/** Which existing cluster is meant. */
export interface KubeconfigChoice {
  /** Default: as kubectl finds it. */
  kubeconfigPath?: string;
  /** Default: the kubeconfig's current context. */
  context?: string;
}

/** A cluster that was there before, and that answers. */
export interface ExistingCluster {
  config: KubeConfig;
  server: string;
  nodes: NodeKind;
}

/**
 * Finds an existing cluster.
 * @throws UserError when there is no such context, it does not answer, or its user may not list nodes.
 */
export async function findCluster(choice: KubeconfigChoice): Promise<ExistingCluster> {
  const config = loadConfig(choice);
  const contextName = choice.context ?? config.getCurrentContext();
  if (config.getContextObject(contextName) === null) {
    const known = config.getContexts().map(({ name }) => name);
    throw new UserError(
      `The kubeconfig has no context "${contextName}"; it has: ${known.join(", ") || "none"}.`,
    );
  }
  config.setCurrentContext(contextName);
  const server = config.getCurrentCluster()?.server ?? "";
  try {
    return { config, server, nodes: await kindOfNodes(config) };
  } catch (error) {
    throw new UserError(whyNot(error, { contextName, server }));
  }
}

function whyNot(error: unknown, { contextName, server }: { contextName: string; server: string }): string {
  const code = error instanceof ApiException ? error.code : undefined;
  if (code === 401) {
    return `The cluster (${server}) does not accept the credentials of context "${contextName}".`;
  }
  if (code === 403) {
    return `The user of context "${contextName}" may not list the nodes of the cluster (${server}): use an administrator's.`;
  }
  return `The cluster of context "${contextName}" (${server}) does not answer: ${messageOf(error)}`;
}

/** Gives the existing cluster a kubeconfig of its own, with the chosen context as the current one. */
export async function attachTo(existing: ExistingCluster, state: ClusterState): Promise<StartedParts> {
  const kubeconfigPath = await state.writeFile("kubeconfig", existing.config.exportConfig());
  return { server: existing.server, kubeconfigPath, programDirs: [], addresses: {} };
}

function loadConfig(choice: KubeconfigChoice): KubeConfig {
  const config = new KubeConfig();
  try {
    if (choice.kubeconfigPath === undefined) {
      config.loadFromDefault();
    } else {
      config.loadFromFile(choice.kubeconfigPath);
    }
  } catch (error) {
    throw new UserError(`The kubeconfig cannot be read: ${messageOf(error)}`);
  }
  return config;
}

async function kindOfNodes(config: KubeConfig): Promise<NodeKind> {
  const { items } = await config.makeApiClient(CoreV1Api).listNode();
  const kubelets = items.map((node) => node.status?.nodeInfo?.kubeletVersion ?? "");
  if (kubelets.length === 0) {
    return "none";
  }
  return kubelets.every((version) => version.startsWith("kwok")) ? "kwok" : "real";
}
