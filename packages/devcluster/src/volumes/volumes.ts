import { join } from "node:path";
import { StorageV1Api, KubeConfig } from "@kubernetes/client-node";
import type { NodeContext } from "../cluster/context.ts";
import { storageClass } from "./local-volume.ts";

/**
 * Starts what gives claims their volumes: folders below the cluster's own, which go with it. The storage class is
 * there on return.
 */
export async function startVolumes(context: NodeContext): Promise<void> {
  const { adminKubeconfigPath } = context.api;
  const directory = await context.state.makeDir("volumes");
  await context.supervisor.start({
    name: "volumes",
    command: process.execPath,
    args: [join(import.meta.dirname, "main.ts"), adminKubeconfigPath, directory],
    graceful: false,
    ready: () => hasStorageClass(adminKubeconfigPath),
  });
}

async function hasStorageClass(kubeconfigPath: string): Promise<boolean> {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfigPath);
  await config.makeApiClient(StorageV1Api).readStorageClass({ name: storageClass });
  return true;
}
