import type { Clock } from "@datalayer/shared/clock/clock";
import type { Caches } from "./caches.ts";
import type { RuntimeControllerSettings } from "./config.ts";
import { routeSettingsOf } from "./route-settings.ts";
import { RouteWaits } from "./runtime-route/route-waits.ts";
import { Routing } from "./runtime-route/routing.ts";

/** What tells by which Routes users reach runtimes, and which runtimes wait for them. */
export interface RuntimeRouting {
  routing: Routing;
  routeWaits: RouteWaits;
}

/** Makes it, before the caches are started. */
export function createRuntimeRouting(
  caches: Caches,
  settings: RuntimeControllerSettings,
  clock: Clock,
): RuntimeRouting {
  const routing = new Routing({ ...caches, settings: routeSettingsOf(settings) });
  return { routing, routeWaits: new RouteWaits({ routing, ...caches, clock }) };
}
