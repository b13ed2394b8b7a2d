import { kwokStep } from "./components.ts";
import type { NodeContext } from "./context.ts";
import { createKwokNodes, nodesReady } from "./nodes.ts";
import { freePort } from "./ports.ts";

/** Starts kwok with `count` nodes, which are ready on return. */
export async function startKwok(context: NodeContext, count: number): Promise<void> {
  const { paths } = await context.provisioner.provide(await kwokStep());
  const port = await freePort();
  const kubeconfigPath = context.api.adminKubeconfigPath;
  await createKwokNodes(kubeconfigPath, count);
  await context.supervisor.start({
    name: "kwok",
    command: paths.kwok,
    args: [
      `--kubeconfig=${kubeconfigPath}`,
      `--config=${paths.stages}`,
      "--manage-all-nodes=false",
      // Without leases the controller manager takes every node for lost after 50 s, and its Pods with it.
      "--node-lease-duration-seconds=40",
      "--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake",
      // Some clients dial the address of every node, and nothing may leave the host.
      "--node-ip=127.0.0.1",
      `--server-address=127.0.0.1:${port}`,
    ],
    port,
    graceful: false,
    ready: () => nodesReady(kubeconfigPath, count),
  });
}
