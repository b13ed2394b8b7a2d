import type { Clock } from "@datalayer/shared/clock/clock";
import { Route } from "@datalayer/shared/crds/route";
import { RouteClass } from "@datalayer/shared/crds/route-class";
import { Informer } from "@datalayer/shared/kube/informer";
import { InformerSet } from "@datalayer/shared/kube/informer-set";
import type { InformerMetrics } from "@datalayer/shared/kube/metrics";
import type { RestClient } from "@datalayer/shared/kube/rest";
import type { Logger } from "@datalayer/shared/log/logger";

/** What every replica keeps in memory. */
export interface Caches {
  routes: InformerSet<Route>;
  routeClasses: Informer<RouteClass>;
}

/** Makes the caches; nothing is read before they are started. */
export function createCaches(options: {
  client: RestClient;
  namespaces: readonly string[];
  clock: Clock;
  log: Logger;
  metrics: InformerMetrics;
}): Caches {
  const { namespaces, ...common } = options;
  return {
    routes: new InformerSet({ ...common, namespaces, kind: Route }),
    routeClasses: new Informer({ ...common, kind: RouteClass }),
  };
}
