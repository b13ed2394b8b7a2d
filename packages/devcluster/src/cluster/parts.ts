import { dirname } from "node:path";
import { prepareNode, startNodeRuntime, startRealNode } from "../node/real-node.ts";
import type { Settings } from "../settings.ts";
import { provideControlPlane, provideKubectl } from "./components.ts";
import type { ClusterContext } from "./context.ts";
import { startControlPlane } from "./control-plane.ts";
import { startKwok } from "./kwok.ts";

/** What runs the Pods of a cluster: a kubelet, kwok's fake ones, or nothing. */
export type NodeKind = "real" | "kwok" | "none";

/** Which parts a cluster has. */
export interface PartOptions {
  nodes: NodeKind;
  /** How many nodes kwok plays. Default: 1. */
  kwokNodes?: number;
  settings: Settings;
}

/** What there is to know of the parts once they work. */
export interface StartedParts {
  server: string;
  kubeconfigPath: string;
  /** Folders with programs for the reader, such as kubectl. */
  programDirs: string[];
  /** `host:port` of parts that others use, by name. */
  addresses: Record<string, string>;
}

/** Provisions and starts the parts of a cluster, in the order in which they need each other. */
export async function startParts(context: ClusterContext, options: PartOptions): Promise<StartedParts> {
  const { nodes, kwokNodes = 1 } = options;
  const { assetsDir } = options.settings;
  const hasNodes = nodes !== "none";
  const programs = await provideControlPlane(context.provisioner, { assetsDir, scheduler: hasNodes });
  const kubectl = hasNodes ? await provideKubectl(context.provisioner, assetsDir) : undefined;
  const node = nodes === "real" ? await prepareNode(context) : undefined;
  const [api, runtime] = await Promise.all([
    context.progress.task("control plane", () =>
      startControlPlane(context, { programs, address: node?.network.hostAddress }),
    ),
    node && startNodeRuntime(context, node),
  ]);
  const nodeContext = { ...context, api };
  if (nodes === "kwok") {
    await startKwok(nodeContext, kwokNodes);
  }
  if (runtime !== undefined) {
    await context.progress.task("node", () => startRealNode(nodeContext, runtime));
  }
  return {
    server: api.server,
    kubeconfigPath: api.adminKubeconfigPath,
    programDirs: kubectl === undefined ? [] : [dirname(kubectl)],
    addresses: runtime === undefined ? {} : { registry: runtime.registry },
  };
}
