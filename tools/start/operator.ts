import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { StartedCluster } from "@datalayer/devcluster/cluster";
import { withHosts } from "@datalayer/devcluster/hosts";
import type { Progress } from "@datalayer/devcluster/progress";
import getPort from "get-port";
import { buildControllers, controllerArgs } from "./controller.ts";
import { bring } from "./bring.ts";
import { startImages } from "./images.ts";
import type { OperatorApi } from "./rest.ts";
import { type Later, reversible } from "./reversible.ts";
import { startRoutes } from "./routes.ts";
import { serviceAccountKubeconfig } from "./service-account.ts";

const manifests = join(import.meta.dirname, "../../charts/runtime-controller/files");

/** The operator as it runs for the journey. */
export interface RunningOperator extends OperatorApi {
  /** Ends it, and takes out of the reader's own cluster what was brought for it. */
  undo(): Promise<void>;
}

/** What is different from the operator of the journey. */
export interface OperatorOptions {
  /** Settings of the runtime-controller, beyond those that fit the cluster. */
  settings?: Record<string, string>;
  /** The hosts file that the runtime-controller sees, for names that a cluster's DNS would know. */
  hostsPath?: string;
  /** Whether images are built too; the cluster has to have what builds need. Default: false. */
  images?: boolean;
}

/**
 * Installs what the operator needs, and runs it: the runtime-controller, and the route-controller where the cluster has a
 * Traefik, and the image-controller where it is asked for. Each runs under its own ServiceAccount.
 */
export async function startOperator(
  cluster: StartedCluster,
  progress: Progress,
  { settings = {}, hostsPath, images = false }: OperatorOptions = {},
): Promise<RunningOperator> {
  const { traefik } = cluster;
  await progress.task("building the operator", async () => {
    const more = [
      ...(traefik === undefined ? [] : ["route-controller"]),
      ...(images ? ["image-controller"] : []),
    ];
    await buildControllers("runtime-controller", ...more);
  });
  return progress.task("starting the operator", () =>
    reversible(async (later) => {
      await bring(
        ["namespace.yaml", "crds", "policies", "rbac", "disruption"].map((name) => join(manifests, name)),
        cluster,
        { later },
      );
      if (images) await startImages(cluster);
      const routes = traefik === undefined ? undefined : await startRoutes(cluster, { traefik, later });
      return startController(cluster, {
        later,
        hostsPath,
        settings: { ...(routes && { DATALAYER_RUNTIMES_URL: routes.url }), ...settings },
      });
    }),
  );
}

async function startController(
  cluster: StartedCluster,
  { later, settings, hostsPath }: OperatorOptions & { later: Later },
): Promise<OperatorApi> {
  const [apiPort, opsPort] = [await getPort(), await getPort()];
  const apiKeyPath = join(cluster.directory, "operator-api-key");
  await writeFile(apiKeyPath, randomBytes(24).toString("base64url"), { mode: 0o600 });
  const program = { command: process.execPath, args: controllerArgs };
  const controller = await cluster.start({
    name: "runtime-controller",
    ...(hostsPath === undefined ? program : withHosts(program, hostsPath)),
    env: {
      KUBECONFIG: await serviceAccountKubeconfig(cluster, "datalayer-operator-sa"),
      DATALAYER_OPERATOR_API_KEY_FILE: apiKeyPath,
      DATALAYER_OPERATOR_PORT: String(apiPort),
      DATALAYER_OPS_PORT: String(opsPort),
      DATALAYER_DOCKER_REGISTRY: cluster.imageRegistry,
      ...settings,
    },
    port: apiPort,
    ready: async (signal) => (await fetch(`http://127.0.0.1:${opsPort}/readyz`, { signal })).ok,
  });
  later(() => controller.stop());
  return { apiUrl: `http://127.0.0.1:${apiPort}/api/operator`, apiKeyPath };
}
