import { CoreV1Api, KubeConfig, V1Node } from "@kubernetes/client-node";

/** The labels by which Datalayer finds the nodes that take runtimes. */
export const workerLabels: Readonly<Record<string, string>> = {
  "role.datalayer.io/runtime": "true",
  "node.datalayer.io/variant": "default",
  "xpu.datalayer.io/cpu": "true",
  "node.datalayer.io/xpu": "cpu",
};

/** How many nodes are created at once. */
const lanes = 10;

/** Creates `count` nodes that kwok plays, named `kwok-0`, `kwok-1` and so on. */
export async function createKwokNodes(kubeconfigPath: string, count: number): Promise<void> {
  const api = coreApi(kubeconfigPath);
  const pending = Array.from({ length: count }, (_, index) => kwokNode(`kwok-${index}`)).values();
  const worker = async () => {
    for (const body of pending) {
      await api.createNode({ body });
    }
  };
  await Promise.all(Array.from({ length: lanes }, worker));
}

function kwokNode(name: string): V1Node {
  const metadata = {
    name,
    annotations: { "kwok.x-k8s.io/node": "fake" },
    labels: { ...workerLabels, "kubernetes.io/hostname": name, "kubernetes.io/os": "linux", type: "kwok" },
  };
  return Object.assign(new V1Node(), { metadata });
}

/** Whether the cluster has `count` nodes that are ready. */
export async function nodesReady(kubeconfigPath: string, count: number): Promise<boolean> {
  const { items } = await coreApi(kubeconfigPath).listNode();
  const ready = items.filter((node) =>
    (node.status?.conditions ?? []).some(({ type, status }) => type === "Ready" && status === "True"),
  );
  return ready.length >= count;
}

/** A client for the core kinds, with what the kubeconfig's current context gives. */
export function coreApi(kubeconfigPath: string): CoreV1Api {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfigPath);
  return config.makeApiClient(CoreV1Api);
}
