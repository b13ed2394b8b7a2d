import type { DevCluster } from "@datalayer/devcluster/cluster";

/** Values of the charts that fit a local cluster with a real node. */
export interface ChartValues {
  global: { imageRegistry: string };
  /** Variables that the Pods of each controller need. */
  extraEnv: { name: string; value: string }[];
}

/** What the charts have to be told on a local cluster: where images come from, and where the API server is. */
export function chartValues({
  server,
  imageRegistry,
}: Pick<DevCluster, "server" | "imageRegistry">): ChartValues {
  const { hostname, port } = new URL(server);
  return {
    global: { imageRegistry },
    // Nothing there leads from the address of a Service to its endpoints.
    extraEnv: [
      { name: "KUBERNETES_SERVICE_HOST", value: hostname },
      { name: "KUBERNETES_SERVICE_PORT", value: port },
    ],
  };
}
