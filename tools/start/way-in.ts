import { createServer, type Server, type Socket } from "node:net";
import type { StartedCluster } from "@datalayer/devcluster/cluster";
import { KubeConfig, PortForward } from "@kubernetes/client-node";
import type { ClaimedRuntime } from "./rest.ts";

/** A runtime with a URL that works from here, until it is closed. */
export interface WayIn {
  runtime: ClaimedRuntime;
  close: () => void;
}

const namespace = "datalayer-runtimes";

/**
 * Opens a way to a runtime. The Pods of a local cluster can be reached as they are; those of the reader's own
 * cluster through its API server, as `kubectl port-forward` does.
 */
export async function openWayIn(cluster: StartedCluster, runtime: ClaimedRuntime): Promise<WayIn> {
  if (!cluster.attached) return { runtime, close: () => undefined };
  const ingress = new URL(runtime.ingress);
  const podPort = Number(ingress.port);
  const forward = forwarderOf(cluster);
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    forward
      .portForward(namespace, runtime.pod_name, [podPort], socket, null, socket)
      .then((tunnel: unknown) => socket.on("close", () => (tunnel as WebSocket).close()))
      .catch(() => socket.destroy());
  });
  ingress.host = `127.0.0.1:${await listen(server)}`;
  const close = (): void => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  return { runtime: { ...runtime, ingress: ingress.href }, close };
}

function listen(server: Server): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  server.listen(0, "127.0.0.1", () => {
    const address = server.address();
    resolve(typeof address === "object" ? (address?.port ?? 0) : 0);
  });
  return promise;
}

function forwarderOf({ kubeconfigPath }: StartedCluster): PortForward {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfigPath);
  return new PortForward(config);
}
