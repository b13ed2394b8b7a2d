import { dirname } from "node:path";
import { prepareNode, startNodeRuntime, startRealNode } from "../node/real-node.ts";
import { provideImageSets, type ImageSet } from "../images/sets.ts";
import { preparePackageIndex, startPackageIndex } from "../package-index/package-index.ts";
import { together } from "../process/together.ts";
import { keptRepository } from "../registry/kept.ts";
import { startRegistry } from "../registry/registry.ts";
import type { Settings } from "../settings.ts";
import { startTraefik } from "../traefik/traefik.ts";
import { startVolumes } from "../volumes/volumes.ts";
import { provideControlPlane, provideKubectl, type ControlPlanePrograms } from "./components.ts";
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
  /** Whether to start an image registry. A real node always has one, with its images. Default: false. */
  registry?: boolean;
  /** See `ClusterOptions`. */
  images?: readonly ImageSet[];
  /** See `ClusterOptions`. */
  keptRepositories?: readonly string[];
  /** Whether to start Traefik. Default: with a real node. */
  traefik?: boolean;
  /** See `ClusterOptions`. */
  audit?: boolean;
  settings: Settings;
}

/** What there is to know of the parts once they work. */
export interface StartedParts {
  server: string;
  kubeconfigPath: string;
  /** Folders with programs for the reader, such as kubectl. */
  programDirs: string[];
  /**
   * Where parts listen that others use, by name: `registry` (host:port), `traefik`, `traefik-api` and
   * `package-index` (URLs).
   */
  addresses: Record<string, string>;
}

/** Provisions and starts the parts of a cluster, in the order in which they need each other. */
export async function startParts(context: ClusterContext, options: PartOptions): Promise<StartedParts> {
  const { nodes } = options;
  const { assetsDir } = options.settings;
  const hasNodes = nodes !== "none";
  const programs = await provideControlPlane(context.provisioner, { assetsDir, scheduler: hasNodes });
  const kubectl = hasNodes ? await provideKubectl(context.provisioner, assetsDir) : undefined;
  const { api, addresses } =
    nodes === "real"
      ? await startReal(context, programs, options)
      : await startWithoutKubelet(context, programs, options);
  if (options.traefik ?? nodes === "real") {
    const { url, apiUrl } = await startTraefik({ ...context, api });
    Object.assign(addresses, { traefik: url, "traefik-api": apiUrl });
  }
  return {
    server: api.server,
    kubeconfigPath: api.adminKubeconfigPath,
    programDirs: kubectl === undefined ? [] : [dirname(kubectl)],
    addresses,
  };
}

/** The API server and the registry listen on the bridge of the Pods, which therefore comes first. */
async function startReal(
  context: ClusterContext,
  programs: ControlPlanePrograms,
  { images: sets = [], keptRepositories = [], settings, audit }: PartOptions,
) {
  const index = sets.includes("builds") ? await preparePackageIndex(context) : undefined;
  const kept = keptRepositories.map((name) => keptRepository(name, settings));
  const parts = await prepareNode(context, { sets, kept });
  const address = parts.network.hostAddress;
  const [api, runtime] = await context.progress.task("control plane and container runtime", () =>
    together([startControlPlane(context, { programs, address, audit }), startNodeRuntime(context, parts)]),
  );
  const nodeContext = { ...context, api };
  await context.progress.task("node", () =>
    together([startRealNode(nodeContext, runtime), startVolumes(nodeContext)]),
  );
  const addresses: Record<string, string> = { registry: runtime.registry };
  if (index !== undefined) {
    addresses["package-index"] = await startPackageIndex(context, index, address);
  }
  return { api, addresses };
}

async function startWithoutKubelet(
  context: ClusterContext,
  programs: ControlPlanePrograms,
  options: PartOptions,
) {
  const { audit } = options;
  const api = await context.progress.task("control plane", () =>
    startControlPlane(context, { programs, audit }),
  );
  if (options.nodes === "kwok") {
    const { kwokNodes = 1 } = options;
    const nodeContext = { ...context, api };
    await context.progress.task(`fake nodes: ${kwokNodes}`, () =>
      together([startKwok(nodeContext, kwokNodes), startVolumes(nodeContext)]),
    );
  }
  const addresses: Record<string, string> = {};
  if (options.registry) {
    const { provisioner, searchPath } = context;
    const images = await provideImageSets(options.images ?? [], provisioner, searchPath);
    addresses["registry"] = await startRegistry(context, { images });
  }
  return { api, addresses };
}
