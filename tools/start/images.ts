import { join } from "node:path";
import type { StartedCluster } from "@datalayer/devcluster/cluster";
import { applyManifests } from "@datalayer/devcluster/manifests";
import getPort from "get-port";
import { imageControllerArgs } from "./controller.ts";
import { serviceAccountKubeconfig } from "./service-account.ts";

const charts = join(import.meta.dirname, "../../charts");

/** The namespace in which images are built. */
export const buildsNamespace = "datalayer-builds";

/**
 * Installs what the image-controller needs, and runs it under its own ServiceAccount until the cluster goes down. The
 * cluster has to have the images of builds, and the namespaces.
 */
export async function startImages(cluster: StartedCluster): Promise<void> {
  const { kubeconfigPath, registry = "" } = cluster;
  const files = join(charts, "image-controller/files");
  await applyManifests([join(files, "crds"), join(files, "rbac")], { kubeconfigPath });
  const opsPort = await getPort();
  await cluster.start({
    name: "image-controller",
    command: process.execPath,
    args: imageControllerArgs,
    env: {
      KUBECONFIG: await serviceAccountKubeconfig(cluster, "datalayer-image-controller-sa"),
      DATALAYER_OPS_PORT: String(opsPort),
      DATALAYER_DOCKER_REGISTRY: registry,
      DATALAYER_IMAGES_PLAIN_REGISTRIES: registry,
    },
    port: opsPort,
    ready: async (signal) => (await fetch(`http://127.0.0.1:${opsPort}/readyz`, { signal })).ok,
  });
}
