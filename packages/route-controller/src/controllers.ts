import type { Clock } from "@datalayer/shared/clock/clock";
import type { Controller } from "@datalayer/shared/controller/controller";
import { HttpRoute } from "@datalayer/shared/crds/gateway-api";
import type { RouteClass } from "@datalayer/shared/crds/route-class";
import { IngressRoute } from "@datalayer/shared/crds/traefik";
import { featuresOf, translateFor } from "./backends/translate-for.ts";
import { onTranslationChange } from "./backends/translation-changes.ts";
import { type Caches, foreignOf, madeKindsOf } from "./caches.ts";
import { podTargetsController } from "./pod-targets/controller.ts";
import { isLeftoverBy } from "./readiness/leftovers.ts";
import { Readiness } from "./readiness/readiness.ts";
import { type ClusterAddresses, clusterIn } from "./route/addresses.ts";
import { routeController } from "./route/controller.ts";
import { madeKind } from "./route/made-objects.ts";
import type { Translate } from "./route/observation.ts";
import type { ClassSettings } from "./class-settings.ts";
import type { RouteControllerSettings } from "./config.ts";
import { orphansController } from "./route/orphans.ts";
import { routeClassControllers } from "./route-class/controller.ts";

/** All that runs while this process leads. */
export function createControllers(options: {
  caches: Caches;
  settings: Pick<RouteControllerSettings, "namespaces" | "probeSamplePercent"> & Partial<ClassSettings>;
  clock: Clock;
}): Controller[] {
  const { caches, settings, clock } = options;
  const { probeSamplePercent } = settings;
  const cluster = (): ClusterAddresses => clusterIn(caches);
  const translations = {
    translateFor: (routeClass: RouteClass): Translate => translateFor(routeClass, caches),
    featuresOf: (routeClass: RouteClass) => featuresOf(routeClass, caches),
    onTranslationChange: (handler: (routeClass: RouteClass) => void) => onTranslationChange(caches, handler),
  };
  const readiness = new Readiness({
    ...caches,
    isLeftover: isLeftoverBy({ ...caches, ...settings }),
    clock,
    samplePercent: probeSamplePercent,
    onChange: (route) => routes.enqueue(route),
  });
  const routes = routeController({
    ...caches,
    cluster,
    madeKinds: madeKindsOf(caches),
    foreign: foreignOf(caches),
    ...translations,
    dataPlane: readiness,
  });
  // Seldom, and then any Route may name an address in it.
  caches.serviceCidrs.onChange(() => {
    for (const { metadata } of caches.routes.list()) routes.enqueue(metadata);
  });
  return [
    routes,
    orphansController(madeKind(IngressRoute, caches.ingressRoutes), caches.routes),
    orphansController(madeKind(HttpRoute, caches.httpRoutes), caches.routes),
    podTargetsController({ ...caches, cluster }),
    readiness,
    ...routeClassControllers({ ...caches, ...settings, ...translations }),
  ];
}
