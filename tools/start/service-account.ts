import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { DevCluster } from "@datalayer/devcluster/cluster";
import { AuthenticationV1TokenRequest, CoreV1Api, KubeConfig } from "@kubernetes/client-node";

const namespace = "datalayer-runtimes";
const lifeSeconds = 24 * 60 * 60;

/** Writes a kubeconfig of a ServiceAccount of the operator, readable by its owner only, and gives back its path. */
export async function serviceAccountKubeconfig(
  { kubeconfigPath, directory }: DevCluster,
  name: string,
): Promise<string> {
  const admin = new KubeConfig();
  admin.loadFromFile(kubeconfigPath);
  const { status } = await admin.makeApiClient(CoreV1Api).createNamespacedServiceAccountToken({
    namespace,
    name,
    body: Object.assign(new AuthenticationV1TokenRequest(), {
      spec: { audiences: [], expirationSeconds: lifeSeconds },
    }),
  });
  const cluster = admin.getCurrentCluster();
  if (!cluster || !status) throw new Error(`no token was issued for ${namespace}/${name}`);
  const restricted = new KubeConfig();
  restricted.loadFromClusterAndUser(cluster, { name, token: status.token });
  const path = join(directory, `${name}-kubeconfig`);
  await writeFile(path, restricted.exportConfig(), { mode: 0o600 });
  return path;
}
