import type { Route } from "@datalayer/shared/crds/route";
import { apiKeysOf } from "@datalayer/shared/http/api-key";
import { type App, createApp } from "@datalayer/shared/http/app";
import type { Health } from "@datalayer/shared/http/health";
import { Pages } from "@datalayer/shared/http/pages";
import { refuseWhileStarting } from "@datalayer/shared/http/refuse-while-starting";
import type { ObjectReader } from "@datalayer/shared/kube/object-reader";
import type { Logger } from "@datalayer/shared/log/logger";
import type { Registry } from "prom-client";
import type { RouteControllerSettings } from "../config.ts";
import { serveRoutes } from "./routes.ts";

/** What the REST API is made of. */
export interface ApiOptions {
  settings: Pick<RouteControllerSettings, "apiKey" | "previousApiKey">;
  routes: ObjectReader<Route>;
  version: string;
  log: Logger;
  registry: Registry;
  health: Health;
}

const prefix = "/api/routes";

const tags = { routes: "Which requests go where, and whether they do." };

/** The internal REST API, which every replica serves. It reads only: Routes are changed in the cluster. */
export async function createApi(options: ApiOptions): Promise<App> {
  const { settings, version, log, registry, health, routes } = options;
  const apiKeys = apiKeysOf(settings);
  const app = await createApp({
    name: "route-controller",
    description:
      "Shows the Routes, and explains why they are not ready. Internal: services of the platform call it.",
    servers: ["http://datalayer-routes-svc.datalayer-runtimes.svc.cluster.local:2112"],
    tags,
    version,
    prefix,
    log,
    registry,
    apiKeys,
    health,
  });
  app.addHook(
    "onRequest",
    refuseWhileStarting(`${prefix}/v1/`, () => routes.hasSynced),
  );
  serveRoutes(app, `${prefix}/v1`, { routes, pages: new Pages(apiKeys) });
  return app;
}
