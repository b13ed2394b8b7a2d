import type { ProxiedClient } from "@datalayer/devcluster/testkit/fault-proxy";
import type { Clock } from "@datalayer/shared/clock/clock";
import { TestReplica as Process } from "@datalayer/shared/controller/testkit/test-replica";
import { loadAccess } from "@datalayer/shared/kube/access";
import { type Logger, silentLogger } from "@datalayer/shared/log/logger";
import { createMetrics } from "@datalayer/shared/metrics/registry";
import { settings } from "../src/config.ts";
import { createReplica, type RouteReplica } from "../src/replica.ts";

/** Environment variables of a replica beyond those that fit the namespaces. */
export type ReplicaSettings = Record<string, string>;

/** A replica in this process. */
export type TestReplica = Process<RouteReplica>;

/** Puts a replica together and starts it; its caches may not be filled yet. */
export function launchReplica(options: {
  link: ProxiedClient;
  namespaces: readonly string[];
  settings?: ReplicaSettings;
  log?: Logger;
  clock?: Clock;
}): TestReplica {
  const { link, namespaces, log = silentLogger, clock } = options;
  const metrics = createMetrics({ controller: "route-controller" });
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
    clock,
  });
  return new Process(link, replica, metrics);
}
