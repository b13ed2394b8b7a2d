import { type Clock, systemClock } from "@datalayer/shared/clock/clock";
import {
  electionIdentity,
  type ElectionEnd,
  LeaderElector,
} from "@datalayer/shared/controller/leader-election";
import { kubeLease } from "@datalayer/shared/controller/lease";
import { controllerMetrics } from "@datalayer/shared/controller/metrics";
import { runControllers } from "@datalayer/shared/controller/run";
import { Health } from "@datalayer/shared/http/health";
import type { ClusterAccess } from "@datalayer/shared/kube/access";
import { informerMetrics, restMetrics } from "@datalayer/shared/kube/metrics";
import { RestClient } from "@datalayer/shared/kube/rest";
import { ServerClock } from "@datalayer/shared/kube/server-clock";
import type { Logger } from "@datalayer/shared/log/logger";
import type { Metrics } from "@datalayer/shared/metrics/registry";
import { addCacheReadiness } from "@datalayer/shared/kube/cache-readiness";
import { type Caches, createCaches } from "./caches.ts";
import type { RouteControllerSettings } from "./config.ts";
import { createControllers } from "./controllers.ts";

/** What a replica is made of. */
export interface ReplicaOptions {
  settings: RouteControllerSettings;
  access: ClusterAccess;
  version: string;
  log: Logger;
  metrics: Metrics;
  clock?: Clock;
}

/** One process of the route-controller: the controllers run on the one that leads. */
export interface Replica {
  readonly health: Health;
  /** What it knows of the cluster. */
  readonly caches: Caches;
  /** Follows the caches and takes part in the election until `signal`; see `runControllers`. */
  run(signal: AbortSignal): Promise<ElectionEnd>;
  /** Closes the connections. */
  close(): Promise<void>;
}

const leaseName = "route-controller";

/** Puts a replica together; nothing runs before {@link Replica.run}. */
export function createReplica(options: ReplicaOptions): Replica {
  const { settings, access, version, log, metrics } = options;
  const { podName, podNamespace, namespaces } = settings;
  const clock = new ServerClock(options.clock ?? systemClock);
  const { registry, loopLag } = metrics;
  const client = new RestClient({
    access,
    userAgent: `datalayer-route-controller/${version}`,
    fieldManager: "datalayer-route-controller",
    clock,
    serverClock: clock,
    metrics: restMetrics(registry),
  });
  const caches = createCaches({ client, namespaces, clock, log, metrics: informerMetrics(registry) });
  const controllers = createControllers({ caches, settings, clock });
  const leadership = controllerMetrics(registry);
  const elector = new LeaderElector({
    lease: kubeLease(client.lane(), { namespace: podNamespace, name: leaseName }),
    identity: electionIdentity(podName),
    eventLoopLagMs: () => loopLag.lagMs(),
    observer: leadership.election(leaseName),
    clock,
    log,
  });
  const health = addCacheReadiness(new Health(), { ...caches });
  return {
    health,
    caches,
    run: (signal) =>
      runControllers({
        name: "datalayer.io/route-controller",
        controllers,
        informers: Object.values(caches),
        elector,
        client,
        signal,
        clock,
        log,
        metrics: leadership,
      }),
    close: () => client.close(),
  };
}
