import { join } from "node:path";
import type { StartedCluster } from "@datalayer/devcluster/cluster";
import { applyManifests } from "@datalayer/devcluster/manifests";
import { loadAccess } from "@datalayer/shared/kube/access";
import { Namespace, Secret } from "@datalayer/shared/kube/kinds";
import { RestClient } from "@datalayer/shared/kube/rest";
import type { KubernetesObject } from "@kubernetes/client-node";
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
 *
 * @param namespaces - in which images are built; created here.
 */
export async function startImages(
  cluster: StartedCluster,
  namespaces: readonly string[] = [buildsNamespace],
): Promise<void> {
  const { kubeconfigPath, registry = "" } = cluster;
  const files = join(charts, "image-controller/files");
  await applyManifests([join(files, "crds")], { kubeconfigPath });
  for (const namespace of namespaces) {
    await createNamespace(cluster, namespace);
    const transform = (object: KubernetesObject) => movedTo(namespace, object);
    await applyManifests([join(files, "rbac")], { kubeconfigPath, transform });
  }
  const opsPort = await getPort();
  await cluster.start({
    name: "image-controller",
    command: process.execPath,
    args: imageControllerArgs,
    env: {
      KUBECONFIG: await serviceAccountKubeconfig(cluster, "datalayer-image-controller-sa"),
      DATALAYER_OPS_PORT: String(opsPort),
      DATALAYER_WATCH_NAMESPACES: namespaces.join(","),
      DATALAYER_DOCKER_REGISTRY: registry,
      DATALAYER_IMAGES_PLAIN_REGISTRIES: registry,
      DATALAYER_IMAGES_ISOLATIONS: await isolationHere(),
    },
    port: opsPort,
    ready: async (signal) => (await fetch(`http://127.0.0.1:${opsPort}/readyz`, { signal })).ok,
  });
}

/** The rights are written for one namespace of builds; others have the same. */
function movedTo(namespace: string, object: KubernetesObject): KubernetesObject {
  const moved = structuredClone(object);
  if (moved.metadata?.namespace === buildsNamespace) moved.metadata.namespace = namespace;
  return moved;
}

/** A namespace of builds, with the word where packages come from: builds reach this machine and nothing else. */
async function createNamespace(
  { kubeconfigPath, packageIndex }: StartedCluster,
  name: string,
): Promise<void> {
  const access = loadAccess({ kubeconfigPath });
  const client = new RestClient({ access, userAgent: "quickstart", fieldManager: "quickstart" });
  const apiVersion = "v1";
  try {
    // BuildKit without root needs what Pod Security's level "baseline" forbids.
    const labels = { "pod-security.kubernetes.io/enforce": "privileged" };
    const metadata = { name, labels };
    await client.create(Namespace, { apiVersion, kind: "Namespace", metadata });
    if (packageIndex === undefined) return;
    const { host } = new URL(packageIndex);
    await client.create(Secret, {
      apiVersion,
      kind: "Secret",
      metadata: { namespace: name, name: "package-sources" },
      stringData: { "pip.conf": `[global]\nindex-url = ${packageIndex}\ntrusted-host = ${host}\n` },
    });
  } finally {
    await client.close();
  }
}
