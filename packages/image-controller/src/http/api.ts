import type { Image } from "@datalayer/shared/crds/image";
import { apiKeysOf } from "@datalayer/shared/http/api-key";
import { type App, createApp } from "@datalayer/shared/http/app";
import type { Health } from "@datalayer/shared/http/health";
import { Pages } from "@datalayer/shared/http/pages";
import { refuseWhileStarting } from "@datalayer/shared/http/refuse-while-starting";
import type { ObjectReader } from "@datalayer/shared/kube/object-reader";
import type { RestClient } from "@datalayer/shared/kube/rest";
import type { Logger } from "@datalayer/shared/log/logger";
import type { Registry } from "prom-client";
import type { ImageControllerSettings } from "../config.ts";
import { serveWebhook } from "../webhook/webhook.ts";
import { serveImages } from "./images.ts";
import { serveLogs } from "./logs.ts";
import { serveWishes } from "./wishes.ts";

/** What the REST API is made of. */
export interface ApiOptions {
  settings: Pick<
    ImageControllerSettings,
    "apiKey" | "previousApiKey" | "packageSourcesSecret" | "pushSecret"
  >;
  client: RestClient;
  images: ObjectReader<Image>;
  version: string;
  log: Logger;
  registry: Registry;
  health: Health;
}

const prefix = "/api/images";

const tags = { images: "Container images, their builds and their logs." };

/** The internal REST API, which every replica serves. */
export async function createApi(options: ApiOptions): Promise<App> {
  const { settings, version, log, registry, health, images } = options;
  const apiKeys = apiKeysOf(settings);
  const app = await createApp({
    name: "image-controller",
    description:
      "Shows Images and their logs, and has them built. Internal: services of the platform call it.",
    servers: ["http://datalayer-images-svc.datalayer-runtimes.svc.cluster.local:2114"],
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
    refuseWhileStarting(`${prefix}/v1/`, () => images.hasSynced),
  );
  serveImages(app, `${prefix}/v1`, { images, pages: new Pages(apiKeys) });
  serveWishes(app, `${prefix}/v1`, options);
  serveLogs(app, `${prefix}/v1`, { ...options, buildSecrets: settings });
  serveWebhook(app, `${prefix}/v1`, options);
  return app;
}
