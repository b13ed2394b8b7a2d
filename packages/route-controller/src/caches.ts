import type { Clock } from "@datalayer/shared/clock/clock";
import { Certificate } from "@datalayer/shared/crds/cert-manager";
import { Gateway, GatewayClass, HttpRoute, ReferenceGrant } from "@datalayer/shared/crds/gateway-api";
import { Route } from "@datalayer/shared/crds/route";
import { RouteClass } from "@datalayer/shared/crds/route-class";
import {
  IngressRoute,
  Middleware,
  ServersTransport,
  TlsOption,
  TraefikServiceKind,
} from "@datalayer/shared/crds/traefik";
import { Informer } from "@datalayer/shared/kube/informer";
import { InformerSet } from "@datalayer/shared/kube/informer-set";
import { EndpointSlice, Ingress, Pod, Service, ServiceCidr } from "@datalayer/shared/kube/kinds";
import type { InformerMetrics } from "@datalayer/shared/kube/metrics";
import type { Kind, KubeObject } from "@datalayer/shared/kube/object";
import type { RestClient } from "@datalayer/shared/kube/rest";
import type { Logger } from "@datalayer/shared/log/logger";
import { serviceIndexes } from "./pod-targets/controller.ts";
import { trimPod } from "./pod-targets/trim-pod.ts";
import { foreignIndexes, type ForeignReader } from "./route/foreign-claims.ts";
import { sliceIndexes } from "./route/gather.ts";
import { type MadeKind, madeIndexes, madeKind } from "./route/made-objects.ts";
import { routeIndexes } from "./route/route-index.ts";

/** What every replica keeps in memory. */
export interface Caches {
  routes: InformerSet<Route>;
  routeClasses: Informer<RouteClass>;
  services: InformerSet<Service>;
  endpointSlices: InformerSet<EndpointSlice>;
  pods: InformerSet<Pod>;
  /** What Routes are made into, and what others have made of these kinds. */
  ingressRoutes: InformerSet<IngressRoute>;
  middlewares: InformerSet<Middleware>;
  serversTransports: InformerSet<ServersTransport>;
  tlsOptions: InformerSet<TlsOption>;
  traefikServices: InformerSet<KubeObject>;
  httpRoutes: InformerSet<HttpRoute>;
  referenceGrants: InformerSet<ReferenceGrant>;
  certificates: InformerSet<Certificate>;
  /** Those of others, whose hosts may be the same. */
  ingresses: InformerSet<Ingress>;
  /** What the Gateways of classes can do. */
  gateways: Informer<Gateway>;
  gatewayClasses: Informer<GatewayClass>;
  /** The Service of the API server and its endpoints. */
  apiServerServices: Informer<Service>;
  apiServerSlices: Informer<EndpointSlice>;
  /** From where Services have their addresses. */
  serviceCidrs: Informer<ServiceCidr>;
}

const madeAndForeign = { ...madeIndexes, ...foreignIndexes };

/** Makes the caches; nothing is read before they are started. */
export function createCaches(options: {
  client: RestClient;
  namespaces: readonly string[];
  clock: Clock;
  log: Logger;
  metrics: InformerMetrics;
}): Caches {
  const { namespaces, ...common } = options;
  const made = <T extends KubeObject>(kind: Kind<T>): InformerSet<T> =>
    new InformerSet({ ...common, namespaces, kind, indexes: madeAndForeign, optional: true });
  const apiServer = { ...common, namespace: "default", fieldSelector: "metadata.name=kubernetes" };
  return {
    routes: new InformerSet({ ...common, namespaces, kind: Route, indexes: routeIndexes }),
    routeClasses: new Informer({ ...common, kind: RouteClass }),
    services: new InformerSet({
      ...common,
      namespaces,
      kind: Service,
      indexes: { ...madeIndexes, ...serviceIndexes },
    }),
    endpointSlices: new InformerSet({ ...common, namespaces, kind: EndpointSlice, indexes: sliceIndexes }),
    pods: new InformerSet({ ...common, namespaces, kind: Pod, trim: trimPod }),
    ingressRoutes: made(IngressRoute),
    middlewares: made(Middleware),
    serversTransports: made(ServersTransport),
    tlsOptions: made(TlsOption),
    traefikServices: made<KubeObject>(TraefikServiceKind),
    httpRoutes: made(HttpRoute),
    referenceGrants: made(ReferenceGrant),
    certificates: made(Certificate),
    ingresses: new InformerSet({ ...common, namespaces, kind: Ingress, indexes: foreignIndexes }),
    gateways: new Informer({ ...common, kind: Gateway, optional: true }),
    gatewayClasses: new Informer({ ...common, kind: GatewayClass, optional: true }),
    apiServerServices: new Informer({ ...apiServer, kind: Service }),
    apiServerSlices: new Informer({ ...apiServer, kind: EndpointSlice }),
    serviceCidrs: new Informer({ ...common, kind: ServiceCidr, optional: true }),
  };
}

/** The kinds that Routes are made into. */
export function madeKindsOf(caches: Caches): MadeKind[] {
  return [
    madeKind(Service, caches.services),
    madeKind(Certificate, caches.certificates),
    madeKind(Middleware, caches.middlewares),
    madeKind(ServersTransport, caches.serversTransports),
    madeKind(TlsOption, caches.tlsOptions),
    madeKind(TraefikServiceKind as Kind, caches.traefikServices),
    madeKind(ReferenceGrant, caches.referenceGrants),
    madeKind(IngressRoute, caches.ingressRoutes),
    madeKind(HttpRoute, caches.httpRoutes),
  ];
}

/** What can be in the way of Routes. */
export function foreignOf({ ingresses, ingressRoutes, httpRoutes }: Caches): ForeignReader[] {
  return [ingresses, ingressRoutes, httpRoutes];
}
