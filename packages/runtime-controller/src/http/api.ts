import { type App, createApp } from "@datalayer/shared/http/app";
import type { ApiKeys } from "@datalayer/shared/http/api-key";
import type { Health } from "@datalayer/shared/http/health";
import type { Logger } from "@datalayer/shared/log/logger";
import type { Registry } from "prom-client";
import { type EnvironmentRoutesOptions, serveEnvironments } from "./environments.ts";
import { type PoolRoutesOptions, servePools } from "./pools.ts";
import { type RuntimeRoutesOptions, serveRuntimes } from "./runtimes.ts";

/** What the REST API is made of. */
export interface ApiOptions extends RuntimeRoutesOptions, PoolRoutesOptions, EnvironmentRoutesOptions {
  version: string;
  log: Logger;
  registry: Registry;
  apiKeys: ApiKeys;
  health: Health;
}

const prefix = "/api/operator";

/** The internal REST API, which every replica serves. */
export async function createApi(options: ApiOptions): Promise<App> {
  const { version, log, registry, apiKeys, health } = options;
  const app = await createApp({
    name: "runtime-controller",
    description: "Assigns warm runtimes to users. Internal: the Jupyter service calls it.",
    version,
    prefix,
    log,
    registry,
    apiKeys,
    health,
  });
  serveRuntimes(app, `${prefix}/v1`, options);
  serveEnvironments(app, `${prefix}/v1`, options);
  servePools(app, `${prefix}/v1`, options);
  return app;
}
