import type { ClusterAccess } from "@datalayer/shared/kube/access";
import { runController } from "@datalayer/shared/process/run-controller";
import packageJson from "../package.json" with { type: "json" };
import type { ImageControllerSettings } from "./config.ts";
import { createApi } from "./http/api.ts";
import { createReplica } from "./replica.ts";

/** Runs the image-controller until it is told to stop, or loses the lease. */
export function runProcess(
  settings: ImageControllerSettings,
  access: ClusterAccess,
  warnings: readonly string[],
): Promise<void> {
  const { version } = packageJson;
  return runController({
    name: "image-controller",
    version,
    settings,
    warnings,
    createReplica: (parts) => createReplica({ settings, access, version, ...parts }),
    apiOf: async (replica, { log, metrics: { registry } }) =>
      settings.apiKey &&
      (await createApi({ settings, ...replica, ...replica.caches, version, log, registry })),
  });
}
