import { createServer } from "node:http";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { startCluster } from "@datalayer/devcluster/cluster";
import { applyManifests } from "@datalayer/devcluster/manifests";
import { addPodAddress } from "@datalayer/devcluster/pod-address";
import { RouteClass } from "@datalayer/shared/crds/route-class";
import { loadAccess } from "@datalayer/shared/kube/access";
import { EndpointSlice, Namespace, Service } from "@datalayer/shared/kube/kinds";
import { RestClient } from "@datalayer/shared/kube/rest";
import { buildRouteController, routeControllerArgs } from "@datalayer/tools/start/controller";
import type { BenchContext } from "../claims.ts";
import { type DataPlaneProcess, findDataPlane } from "../measure/data-plane-process.ts";
import { kubeconfigFor, namespace, requestToken } from "./bench-cluster.ts";
import { ControllerProcess } from "./controller-process.ts";

/** The port of the target. */
export const targetPort = 8080;
/** The Service of the target. */
export const targetName = "target";

/** What the parts of the routes bench work with. */
export interface RouteStage extends BenchContext {
  /** May do everything: prepares and looks on. */
  admin: RestClient;
  kubeconfigPath: string;
  /** Kubeconfig with the rights of a ServiceAccount of the chart. */
  kubeconfigOf: (account: string) => Promise<string>;
  traefik: DataPlaneProcess;
  /** Where something answers every request with 200, as a Pod would; the Service {@link targetName} leads there too. */
  targetAddress: string;
  /** Starts a replica of the route-controller. */
  launch: () => Promise<ControllerProcess>;
}

const controllerAccount = "datalayer-route-controller-sa";
const manifests = ["crds", "rbac"].map((folder) =>
  fileURLToPath(new URL(`../../../charts/route-controller/files/${folder}`, import.meta.url)),
);

/** Does the work on a control plane with a Traefik and a target, and takes all of it down again. */
export async function withRouteStage<T>(
  context: BenchContext,
  work: (stage: RouteStage) => Promise<T>,
): Promise<T> {
  const { progress, signal } = context;
  await progress.task("route-controller bundle", buildRouteController);
  const target = await startTarget();
  const cluster = await startCluster({
    name: `bench-${process.pid}`,
    nodes: "none",
    traefik: true,
    progress,
    signal,
  });
  const { kubeconfigPath } = cluster;
  const identity = { userAgent: "datalayer-bench", fieldManager: "datalayer-bench" };
  const admin = new RestClient({ access: loadAccess({ kubeconfigPath }), ...identity });
  try {
    await admin.create(Namespace, { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
    await applyManifests(manifests, cluster);
    const traefik = await findDataPlane(cluster);
    await createClass(admin, traefik);
    await createTarget(admin, target.address);
    const kubeconfigOf = async (account: string): Promise<string> =>
      kubeconfigFor(cluster, await requestToken(admin, account));
    const controllerKubeconfig = await kubeconfigOf(controllerAccount);
    const launch = (): Promise<ControllerProcess> =>
      ControllerProcess.start({
        name: "bench-routes",
        kubeconfig: controllerKubeconfig,
        args: routeControllerArgs,
      });
    const stage = { admin, kubeconfigPath, kubeconfigOf, traefik, launch };
    return await work({ ...context, ...stage, targetAddress: target.address });
  } finally {
    await admin.close();
    await progress.task("cluster down", () => cluster.down());
    await target.stop();
  }
}

async function startTarget(): Promise<{ address: string; stop: () => Promise<void> }> {
  const { address, remove } = await addPodAddress();
  const server = createServer((_, response) => response.end("ok"));
  server.listen(targetPort, address);
  await once(server, "listening");
  const stop = async (): Promise<void> => {
    server.close();
    server.closeAllConnections();
    await remove();
  };
  return { address, stop };
}

async function createClass(admin: RestClient, { url, apiUrl }: DataPlaneProcess): Promise<void> {
  const { apiVersion, kind } = RouteClass;
  await admin.create(RouteClass, {
    apiVersion,
    kind,
    metadata: { name: "bench" },
    spec: {
      hosts: [{ pattern: "*", namespaces: ["*"] }],
      traefik: { urls: { api: apiUrl, http: url } },
    },
  });
}

async function createTarget(admin: RestClient, address: string): Promise<void> {
  const metadata = { namespace, name: targetName };
  const ports = [{ name: "http", port: targetPort, protocol: "TCP" }];
  const spec = { clusterIP: "None", ports };
  await admin.create(Service, { apiVersion: "v1", kind: "Service", metadata, spec });
  await admin.create(EndpointSlice, {
    apiVersion: EndpointSlice.apiVersion,
    kind: EndpointSlice.kind,
    metadata: { ...metadata, labels: { "kubernetes.io/service-name": targetName } },
    addressType: "IPv4",
    ports,
    endpoints: [{ addresses: [address], conditions: { ready: true } }],
  });
}
