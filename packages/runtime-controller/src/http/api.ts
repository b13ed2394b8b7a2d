import { type App, createApp } from "@datalayer/shared/http/app";
import type { ApiKeys } from "@datalayer/shared/http/api-key";
import type { Health } from "@datalayer/shared/http/health";
import { refuseWhileStarting } from "@datalayer/shared/http/refuse-while-starting";
import type { Logger } from "@datalayer/shared/log/logger";
import type { Registry } from "prom-client";
import { type ClaimRoutesOptions, serveClaims } from "./claims.ts";
import { type ClusterRoutesOptions, serveCluster } from "./cluster.ts";
import { type EnvironmentRoutesOptions, serveEnvironments } from "./environments.ts";
import { serveMounts } from "./mounts.ts";
import { type PoolRoutesOptions, servePools } from "./pools.ts";
import { type PauseRoutesOptions, servePause, serveCheckpoints } from "./pause.ts";
import { type QuotaRoutesOptions, serveQuotas } from "./quotas.ts";
import { type RuntimeRoutesOptions, serveRuntimes } from "./runtimes.ts";
import { serveUsage, type UsageRoutesOptions } from "./usage.ts";
import { serveVolumes, type VolumeRoutesOptions } from "./volumes.ts";

/** What the REST API is made of. */
export interface ApiOptions
  extends
    ClaimRoutesOptions,
    QuotaRoutesOptions,
    RuntimeRoutesOptions,
    PoolRoutesOptions,
    PauseRoutesOptions,
    EnvironmentRoutesOptions,
    ClusterRoutesOptions,
    VolumeRoutesOptions,
    UsageRoutesOptions {
  version: string;
  log: Logger;
  registry: Registry;
  apiKeys: ApiKeys;
  health: Health;
  /** Whether the caches show the whole cluster. */
  hasSynced: () => boolean;
}

const prefix = "/api/operator";

const tags = {
  runtimes: "The runtimes that users have.",
  environments: "What runtimes can be made of.",
  pools: "The runtimes that are kept warm.",
  cluster: "The nodes that runtimes run on.",
  usage: "What ended runtimes used.",
  volumes: "What users keep beyond their runtimes.",
};

/** The internal REST API, which every replica serves. */
export async function createApi(options: ApiOptions): Promise<App> {
  const { version, log, registry, apiKeys, health } = options;
  const app = await createApp({
    name: "runtime-controller",
    description: "Assigns warm runtimes to users. Internal: the Jupyter service calls it.",
    servers: ["http://datalayer-operator-svc.datalayer-runtimes.svc.cluster.local:2111"],
    tags,
    version,
    prefix,
    log,
    registry,
    apiKeys,
    health,
  });
  // Before the server stops to listen: who waits for a runtime would hold it up.
  app.addHook("preClose", (done) => {
    options.queue.close();
    done();
  });
  app.addHook("onRequest", refuseWhileStarting(`${prefix}/v1/`, options.hasSynced));
  serveClaims(app, `${prefix}/v1`, options);
  serveQuotas(app, `${prefix}/v1`, options);
  serveRuntimes(app, `${prefix}/v1`, options);
  serveMounts(app, `${prefix}/v1`, options);
  serveEnvironments(app, `${prefix}/v1`, options);
  servePools(app, `${prefix}/v1`, options);
  servePause(app, `${prefix}/v1`, options);
  serveCheckpoints(app, `${prefix}/v1`);
  serveVolumes(app, `${prefix}/v1`, options);
  serveUsage(app, `${prefix}/v1`, options);
  serveCluster(app, `${prefix}/v1`, options);
  return app;
}
