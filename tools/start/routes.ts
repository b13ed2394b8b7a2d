import { join } from "node:path";
import type { StartedCluster } from "@datalayer/devcluster/cluster";
import { applyManifests } from "@datalayer/devcluster/manifests";
import { defaultRouteClass, RouteClass } from "@datalayer/shared/crds/route-class";
import { loadAccess } from "@datalayer/shared/kube/access";
import { RestClient } from "@datalayer/shared/kube/rest";
import getPort from "get-port";
import { routeControllerArgs } from "./controller.ts";
import { poolOfExample } from "./example.ts";
import type { Later } from "./reversible.ts";
import { serviceAccountKubeconfig } from "./service-account.ts";

const manifests = join(import.meta.dirname, "../../charts/route-controller/files");
/** By which users reach runtimes on this machine. */
const host = "localhost";

/** The Routes of a local cluster. */
export interface RunningRoutes {
  /** Scheme and host under which runtimes are reached. */
  url: string;
}

/**
 * Installs what the route-controller needs, and runs it under its own ServiceAccount.
 * @param options - `traefik` is the URL of the entry point.
 */
export async function startRoutes(
  cluster: StartedCluster,
  { traefik, later }: { traefik: string; later: Later },
): Promise<RunningRoutes> {
  await applyManifests(
    ["crds", "rbac"].map((name) => join(manifests, name)),
    { kubeconfigPath: cluster.kubeconfigPath },
  );
  await createClass(cluster, traefik);
  const [apiPort, opsPort] = [await getPort(), await getPort()];
  const controller = await cluster.start({
    name: "route-controller",
    command: process.execPath,
    args: routeControllerArgs,
    env: {
      KUBECONFIG: await serviceAccountKubeconfig(cluster, "datalayer-route-controller-sa"),
      DATALAYER_ROUTES_PORT: String(apiPort),
      DATALAYER_OPS_PORT: String(opsPort),
    },
    port: opsPort,
    ready: async (signal) => (await fetch(`http://127.0.0.1:${opsPort}/readyz`, { signal })).ok,
  });
  later(() => controller.stop());
  const url = new URL(traefik);
  url.hostname = host;
  return { url: url.origin };
}

/** This Traefik has no Service by which it could be found. */
async function createClass(
  { kubeconfigPath, traefikApi = "" }: StartedCluster,
  traefik: string,
): Promise<void> {
  const access = loadAccess({ kubeconfigPath });
  const client = new RestClient({ access, userAgent: "quickstart", fieldManager: "quickstart" });
  const { apiVersion, kind } = RouteClass;
  try {
    await client.create(RouteClass, {
      apiVersion,
      kind,
      metadata: { name: defaultRouteClass },
      spec: {
        hosts: [{ pattern: host, namespaces: [poolOfExample.namespace] }],
        traefik: { urls: { api: traefikApi, http: traefik } },
      },
    });
  } finally {
    await client.close();
  }
}
