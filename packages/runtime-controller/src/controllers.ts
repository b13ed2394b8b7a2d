import type { Clock } from "@datalayer/shared/clock/clock";
import type { Controller } from "@datalayer/shared/controller/controller";
import type { ApiKeys } from "@datalayer/shared/http/api-key";
import type { Logger } from "@datalayer/shared/log/logger";
import type { Registry } from "prom-client";
import { ulid } from "ulid";
import { activityController } from "./activity/controller.ts";
import { GatewayActivity } from "./activity/gateway.ts";
import { activityMetrics } from "./activity/metrics.ts";
import { Observations } from "./activity/observations.ts";
import type { Caches } from "./caches.ts";
import type { Claims } from "./claims.ts";
import type { RuntimeControllerSettings } from "./config.ts";
import { coldStartController } from "./cold-start/controller.ts";
import { endOfLifeController } from "./end-of-life/controller.ts";
import { nodeDrainController } from "./node-drain/controller.ts";
import { scalingControllerOf } from "./node-scaling.ts";
import type { RuntimeTokens } from "./runtime/runtime-tokens.ts";
import type { Runtimes } from "./runtime/runtimes.ts";
import { runtimeEnvironmentController } from "./runtime-environment/controller.ts";
import type { ImageSources } from "./runtime-environment/image.ts";
import { runtimeContentController } from "./runtime-content/controller.ts";
import { runtimePoolController } from "./runtime-pool/controller.ts";
import { runtimeRouteControllers } from "./runtime-route/controllers.ts";
import { RouteWaits } from "./runtime-route/route-waits.ts";
import type { Routing } from "./runtime-route/routing.ts";
import { templateSourcesOf } from "./template-sources.ts";
import type { UsageParts } from "./usage.ts";

/** All that runs while this process leads. */
export function createControllers(options: {
  caches: Caches;
  claims: Claims;
  runtimes: Runtimes;
  tokens: RuntimeTokens;
  imageSources: ImageSources;
  routing: Routing;
  settings: RuntimeControllerSettings;
  apiKeys: ApiKeys;
  clock: Clock;
  usage: UsageParts;
  registry: Registry;
  log: Logger;
}): Controller[] {
  const { caches, claims, runtimes, tokens, imageSources, routing, settings, clock, usage, log } = options;
  const { pods } = caches;
  const observations = new Observations({ ...caches, runtimes, clock });
  const metrics = activityMetrics(options.registry, () => observations.unanswered);
  const isIdle = observations.isIdle.bind(observations);
  const endOfLife = endOfLifeController({ pods, runtimes, ...claims, ...usage, isIdle });
  const routeWaits = new RouteWaits({ routing, pods, clock });
  const giveWay = (): Promise<void> => claims.rightOfWay.giveWay();
  return [
    runtimePoolController({
      ...templateSourcesOf(caches, settings, imageSources),
      ...caches,
      candidates: claims.candidates,
      giveWay,
      routeWaits,
      runtimes,
      tokens,
      clock,
      maxLifeMs: settings.maxLifeSeconds > 0 ? settings.maxLifeSeconds * 1000 : Infinity,
      newUlid: () => ulid().toLowerCase(),
    }),
    ...runtimeRouteControllers({ ...caches, runtimes, routing, giveWay }),
    nodeDrainController({
      ...caches,
      runtimes,
      deadlineMs: settings.nodeDrainDeadlineSeconds > 0 ? settings.nodeDrainDeadlineSeconds * 1000 : Infinity,
    }),
    ...(settings.scalingStrategy === "none" ? [] : [scalingControllerOf(options)]),
    coldStartController({ pods, runtimes, tokens, routeWaits }),
    runtimeEnvironmentController({ ...caches, imageSources }),
    runtimeContentController({ ...caches, sharedClaim: settings.sharedClaim }),
    endOfLife,
    ...usage.deliveries,
    activityController({
      ...options,
      ...caches,
      observations,
      metrics,
      gateway: new GatewayActivity({
        url: settings.gatewayUrl,
        apiKey: () => options.apiKeys()[0] ?? "",
        routing,
        clock,
        log,
      }),
      onIdle: (runtime) => endOfLife.enqueue(runtime, { priority: "user" }),
    }),
  ];
}
