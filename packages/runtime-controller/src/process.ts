import type { ClusterAccess } from "@datalayer/shared/kube/access";
import { runController } from "@datalayer/shared/process/run-controller";
import packageJson from "../package.json" with { type: "json" };
import type { RuntimeControllerSettings } from "./config.ts";
import { createReplica } from "./replica.ts";

/** Runs the runtime-controller until it is told to stop, or loses the lease. */
export function runProcess(
  settings: RuntimeControllerSettings,
  access: ClusterAccess,
  warnings: readonly string[],
): Promise<void> {
  const { version } = packageJson;
  return runController({
    name: "runtime-controller",
    version,
    settings,
    warnings,
    createReplica: (parts) => createReplica({ settings, access, version, ...parts }),
    apiOf: ({ api }) => Promise.resolve(api),
  });
}
