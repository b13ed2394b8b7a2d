import { join } from "node:path";
import type { StartedCluster } from "@datalayer/devcluster/cluster";
import { applyManifests } from "@datalayer/devcluster/manifests";
import { loadAccess } from "@datalayer/shared/kube/access";
import { Namespace, Secret } from "@datalayer/shared/kube/kinds";
import { RestClient } from "@datalayer/shared/kube/rest";
import getPort from "get-port";
import { imageControllerArgs } from "./controller.ts";
import { isolationHere } from "./isolation.ts";
import { serviceAccountKubeconfig } from "./service-account.ts";

const charts = join(import.meta.dirname, "../../charts");

/** The namespace in which images are built. */
export const buildsNamespace = "datalayer-builds";

/**
 * Installs what the image-controller needs, and runs it under its own ServiceAccount until the cluster goes down. The
 * cluster has to have the images of builds, and the namespace of the operator.
 */
export async function startImages(cluster: StartedCluster): Promise<void> {
  const { kubeconfigPath, registry = "" } = cluster;
  await createNamespace(cluster);
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
      DATALAYER_IMAGES_ISOLATIONS: await isolationHere(),
    },
    port: opsPort,
    ready: async (signal) => (await fetch(`http://127.0.0.1:${opsPort}/readyz`, { signal })).ok,
  });
}

/** The namespace of builds, with the word where packages come from: builds reach this machine and nothing else. */
async function createNamespace({ kubeconfigPath, packageIndex }: StartedCluster): Promise<void> {
  const access = loadAccess({ kubeconfigPath });
  const client = new RestClient({ access, userAgent: "quickstart", fieldManager: "quickstart" });
  const apiVersion = "v1";
  try {
    // BuildKit without root needs what Pod Security's level "baseline" forbids.
    const labels = { "pod-security.kubernetes.io/enforce": "privileged" };
    const metadata = { name: buildsNamespace, labels };
    await client.create(Namespace, { apiVersion, kind: "Namespace", metadata });
    if (packageIndex === undefined) return;
    const { host } = new URL(packageIndex);
    await client.create(Secret, {
      apiVersion,
      kind: "Secret",
      metadata: { namespace: buildsNamespace, name: "package-sources" },
      stringData: { "pip.conf": `[global]\nindex-url = ${packageIndex}\ntrusted-host = ${host}\n` },
    });
  } finally {
    await client.close();
  }
}
