import type { Clock } from "@datalayer/shared/clock/clock";
import { Route } from "@datalayer/shared/crds/route";
import { RouteClass } from "@datalayer/shared/crds/route-class";
import { Informer } from "@datalayer/shared/kube/informer";
import { InformerSet } from "@datalayer/shared/kube/informer-set";
import { EndpointSlice, Secret, Service, ServiceCidr } from "@datalayer/shared/kube/kinds";
import type { InformerMetrics } from "@datalayer/shared/kube/metrics";
import type { RestClient } from "@datalayer/shared/kube/rest";
import type { Logger } from "@datalayer/shared/log/logger";
import { apiKeysSecretType } from "./api-keys.ts";
import { byUid } from "./verifier.ts";

/** The caches of a verifier. */
export interface VerifierInformers {
  routes: InformerSet<Route>;
  routeClasses: Informer<RouteClass>;
  secrets: InformerSet<Secret>;
  /** The Service of the API server and its endpoints. */
  apiServerServices: Informer<Service>;
  apiServerSlices: Informer<EndpointSlice>;
  /** From where Services have their addresses. */
  serviceCidrs: Informer<ServiceCidr>;
}

/** Makes the caches; nothing is read before they are started. */
export function createVerifierInformers(options: {
  client: RestClient;
  namespaces: readonly string[];
  clock: Clock;
  log: Logger;
  metrics: InformerMetrics;
}): VerifierInformers {
  const { namespaces, ...common } = options;
  const apiServer = { ...common, namespace: "default", fieldSelector: "metadata.name=kubernetes" };
  return {
    routes: new InformerSet({
      ...common,
      namespaces,
      kind: Route,
      indexes: { [byUid]: ({ metadata }) => [metadata.uid] },
      trim: (route) => {
        route.status = undefined;
        route.spec.rules = [];
      },
    }),
    routeClasses: new Informer({ ...common, kind: RouteClass }),
    secrets: new InformerSet({
      ...common,
      namespaces,
      kind: Secret,
      fieldSelector: `type=${apiKeysSecretType}`,
    }),
    apiServerServices: new Informer({ ...apiServer, kind: Service }),
    apiServerSlices: new Informer({ ...apiServer, kind: EndpointSlice }),
    serviceCidrs: new Informer({ ...common, kind: ServiceCidr, optional: true }),
  };
}
