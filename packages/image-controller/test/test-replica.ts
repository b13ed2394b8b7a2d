import type { ProxiedClient } from "@datalayer/devcluster/testkit/fault-proxy";
import { TestReplica as Process } from "@datalayer/shared/controller/testkit/test-replica";
import { loadAccess } from "@datalayer/shared/kube/access";
import { type Logger, silentLogger } from "@datalayer/shared/log/logger";
import { createMetrics } from "@datalayer/shared/metrics/registry";
import { settings } from "../src/config.ts";
import { createReplica, type ImageReplica } from "../src/replica.ts";

/** Environment variables of a replica beyond those that fit the namespaces. */
export type ReplicaSettings = Record<string, string>;

/** A replica in this process. */
export type TestReplica = Process<ImageReplica>;

/** Puts a replica together and starts it; its caches may not be filled yet. */
export function launchReplica(options: {
  link: ProxiedClient;
  namespaces: readonly string[];
  settings: ReplicaSettings;
  log?: Logger;
}): TestReplica {
  const { link, namespaces, log = silentLogger } = options;
  const metrics = createMetrics({ controller: "image-controller" });
  const replica = createReplica({
    settings: settings.parse({
      DATALAYER_WATCH_NAMESPACES: namespaces.join(","),
      POD_NAMESPACE: namespaces[0],
      POD_NAME: link.name,
      ...options.settings,
    }),
    access: loadAccess({ kubeconfigYaml: link.kubeconfigYaml }),
    version: "0.0.0-test",
    log,
    metrics,
  });
  return new Process(link, replica, metrics);
}
