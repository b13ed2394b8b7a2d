import { createServer } from "node:net";
import type { StartedCluster } from "@datalayer/devcluster/cluster";
import { KubeConfig, PortForward } from "@kubernetes/client-node";
import type { ClaimedRuntime } from "./rest.ts";

const namespace = "datalayer-runtimes";

/**
 * A runtime with a URL that works from here. The Pods of a local cluster can be reached as they are; those of the
 * reader's own cluster through its API server, as `kubectl port-forward` does, until this process ends.
 */
export async function reachable(cluster: StartedCluster, runtime: ClaimedRuntime): Promise<ClaimedRuntime> {
  if (!cluster.attached) return runtime;
  const ingress = new URL(runtime.ingress);
  const forward = forwarderOf(cluster);
  const server = createServer((socket) => {
    socket.on("error", () => socket.destroy());
    forward
      .portForward(namespace, runtime.pod_name, [Number(ingress.port)], socket, null, socket)
      .catch(() => socket.destroy());
  });
  server.unref();
  const port = await new Promise<number>((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      resolve(typeof address === "object" ? (address?.port ?? 0) : 0);
    });
  });
  ingress.host = `127.0.0.1:${port}`;
  return { ...runtime, ingress: ingress.href };
}

function forwarderOf({ kubeconfigPath }: StartedCluster): PortForward {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfigPath);
  return new PortForward(config);
}
