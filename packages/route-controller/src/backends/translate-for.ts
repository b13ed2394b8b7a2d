import { Gateway, type GatewayClass, HttpRoute } from "@datalayer/shared/crds/gateway-api";
import { routeReason } from "@datalayer/shared/crds/route";
import type { RouteClass } from "@datalayer/shared/crds/route-class";
import { IngressRoute } from "@datalayer/shared/crds/traefik";
import type { Kind } from "@datalayer/shared/kube/object";
import type { ObjectReader } from "@datalayer/shared/kube/object-reader";
import type { Refusal } from "../route/class-policy.ts";
import type { Translate } from "../route/observation.ts";
import { gatewayApiBackend } from "./gateway-api/backend.ts";
import {
  type GatewayApiCapabilities,
  gatewayApiCapabilities,
  namedFeatures,
} from "./gateway-api/capabilities.ts";
import { traefikBackend } from "./traefik/backend.ts";

/** What tells how Routes of a class can be translated. */
export interface BackendSources {
  gateways: ObjectReader<Gateway>;
  gatewayClasses: ObjectReader<GatewayClass>;
  /** Whether the API server serves a backend's own kinds. */
  ingressRoutes: { readonly isServed: boolean };
  httpRoutes: { readonly isServed: boolean };
}

/** How Routes of a class are translated at present, or why they cannot be. */
export function translateFor(routeClass: RouteClass, sources: BackendSources): Translate {
  return routeClass.spec.backend === "gateway-api"
    ? byGatewayApi(routeClass, sources)
    : byTraefik(routeClass, sources);
}

function byTraefik(routeClass: RouteClass, { ingressRoutes }: BackendSources): Translate {
  if (!ingressRoutes.isServed) return notServed(routeClass, IngressRoute);
  return (route) => traefikBackend.translate(route, routeClass, undefined);
}

/** What the Gateway of a class can do beyond the least; undefined without one, or while that is not known. */
export function featuresOf(routeClass: RouteClass, sources: BackendSources): string[] | undefined {
  if (routeClass.spec.backend !== "gateway-api") return undefined;
  const found = capabilitiesOf(routeClass, sources);
  return "refusal" in found ? undefined : namedFeatures(found);
}

function byGatewayApi(routeClass: RouteClass, sources: BackendSources): Translate {
  const found = capabilitiesOf(routeClass, sources);
  return "refusal" in found ? found : (route) => gatewayApiBackend.translate(route, routeClass, found);
}

function capabilitiesOf(
  routeClass: RouteClass,
  { gateways, gatewayClasses, httpRoutes }: BackendSources,
): GatewayApiCapabilities | Unavailable {
  if (!httpRoutes.isServed) return notServed(routeClass, HttpRoute);
  const { namespace = "", name = "" } = routeClass.spec.gateway ?? {};
  const gateway = gateways.get({ namespace, name });
  if (!gateway) return unavailable(routeClass, `there is no Gateway "${name}" in namespace ${namespace}`);
  const { gatewayClassName } = gateway.spec;
  const gatewayClass = gatewayClasses.get({ name: gatewayClassName });
  if (!gatewayClass) return unavailable(routeClass, `there is no GatewayClass "${gatewayClassName}"`);
  return gatewayApiCapabilities(gatewayClass, gateway);
}

interface Unavailable {
  refusal: Refusal;
}

function notServed(routeClass: RouteClass, { apiVersion, kind }: Kind): Unavailable {
  return unavailable(routeClass, `the API server does not serve the kind ${kind} of ${apiVersion}`);
}

function unavailable({ metadata }: RouteClass, why: string): Unavailable {
  return { refusal: { reason: routeReason.noDataPlane, message: `RouteClass "${metadata.name}": ${why}.` } };
}
