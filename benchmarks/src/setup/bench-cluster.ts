import { fileURLToPath } from "node:url";
import { type DevCluster, startCluster } from "@datalayer/devcluster/cluster";
import { applyManifests } from "@datalayer/devcluster/manifests";
import type { Progress } from "@datalayer/devcluster/progress";
import { loadAccess } from "@datalayer/shared/kube/access";
import { Namespace } from "@datalayer/shared/kube/kinds";
import { RestClient } from "@datalayer/shared/kube/rest";

/** The namespace of pools, runtimes and the controller. */
export const namespace = "datalayer-runtimes";

const controllerAccount = "datalayer-operator-sa";
const rawAccount = "bench-raw";
const roleName = "datalayer-runtime-controller";
const kwokNodes = 20;
const tokenSeconds = 24 * 60 * 60;
const manifests = ["crds", "policies", "rbac", "disruption"].map((folder) =>
  fileURLToPath(new URL(`../../../charts/runtime-controller/files/${folder}`, import.meta.url)),
);

/** A cluster with everything installed but the controller. */
export interface BenchCluster {
  kubeconfigPath: string;
  /** May do everything: prepares and looks on. */
  admin: RestClient;
  /** The token of the controller's own ServiceAccount. */
  controllerToken: string;
  /** A kubeconfig with that token. */
  controllerKubeconfig: string;
  /**
   * The same rights for another ServiceAccount, which sends the raw patches: the API server queues requests by
   * account, and the controller's lease must not wait behind those of the bench.
   */
  rawKubeconfig: string;
  down(): Promise<void>;
}

/** Starts a cluster with kwok nodes and installs what the chart would, without the controller. */
export async function startBenchCluster(progress: Progress, signal: AbortSignal): Promise<BenchCluster> {
  const cluster = await startCluster({
    name: `bench-${process.pid}`,
    nodes: "kwok",
    kwokNodes,
    progress,
    signal,
  });
  const identity = { userAgent: "datalayer-bench", fieldManager: "datalayer-bench" };
  const admin = new RestClient({ access: loadAccess(cluster), ...identity });
  const down = async (): Promise<void> => {
    await admin.close();
    await cluster.down();
  };
  try {
    await admin.create(Namespace, { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
    await applyManifests(manifests, cluster);
    await createRawAccount(admin);
    const controllerToken = await requestToken(admin, controllerAccount);
    return {
      kubeconfigPath: cluster.kubeconfigPath,
      admin,
      controllerToken,
      controllerKubeconfig: await kubeconfigFor(cluster, controllerToken),
      rawKubeconfig: await kubeconfigFor(cluster, await requestToken(admin, rawAccount)),
      down,
    };
  } catch (error) {
    await down();
    throw error;
  }
}

async function createRawAccount(admin: RestClient): Promise<void> {
  const metadata = { name: rawAccount, namespace };
  const post = (path: string, body: object): Promise<unknown> =>
    admin.raw({ method: "POST", path, body: JSON.stringify({ metadata, ...body }) });
  await post(`/api/v1/namespaces/${namespace}/serviceaccounts`, {});
  await post(`/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}/rolebindings`, {
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: roleName },
    subjects: [{ kind: "ServiceAccount", name: rawAccount, namespace }],
  });
}

/** A token of a ServiceAccount, good for the run. */
export async function requestToken(admin: RestClient, serviceAccount: string): Promise<string> {
  const answer = await admin.raw({
    method: "POST",
    path: `/api/v1/namespaces/${namespace}/serviceaccounts/${serviceAccount}/token`,
    body: JSON.stringify({
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenRequest",
      spec: { expirationSeconds: tokenSeconds },
    }),
  });
  return (answer as { status: { token: string } }).status.token;
}

/** A kubeconfig with a token. */
export async function kubeconfigFor({ kubeconfigPath, server }: DevCluster, token: string): Promise<string> {
  const { tls } = await loadAccess({ kubeconfigPath }).credentials();
  const ca = Buffer.from(String(tls.ca)).toString("base64");
  const name = "bench";
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": name,
    clusters: [{ name, cluster: { server, "certificate-authority-data": ca } }],
    users: [{ name, user: { token } }],
    contexts: [{ name, context: { cluster: name, user: name, namespace } }],
  });
}
