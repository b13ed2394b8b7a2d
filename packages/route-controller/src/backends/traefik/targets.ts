import type { ServersTransport, TraefikService, TraefikServiceKind } from "@datalayer/shared/crds/traefik";
import type { ResolvedRoute, ResolvedRule, ResolvedTarget } from "../backend.ts";

/** Makes one more object of the Route, and tells its name. */
interface TargetObjects {
  transport(spec: ServersTransport["spec"]): string;
  service(spec: TraefikServiceKind["spec"]): string;
}

/** Bodies up to here are held in memory to be sent twice; larger ones go to the target only. */
const largestMirroredBytes = 1024 ** 2;

/** Where the requests of a rule go. */
export function servicesOf(
  route: ResolvedRoute,
  rule: ResolvedRule,
  objects: TargetObjects,
): TraefikService[] {
  // A middleware redirects before any service is asked; Traefik wants one nonetheless. This one has no servers.
  if (rule.redirect) return [reference(objects.service({ weighted: { services: [] } }))];
  const services = weighted(route, rule, objects);
  const { mirror } = rule;
  if (!mirror) return services;
  const [main] = services.length === 1 ? services : [reference(objects.service({ weighted: { services } }))];
  const mirrors = [{ ...mirror.service, percent: mirror.percent }];
  return main
    ? [reference(objects.service({ mirroring: { ...main, mirrors, maxBodySize: largestMirroredBytes } }))]
    : [];
}

function weighted(route: ResolvedRoute, rule: ResolvedRule, objects: TargetObjects): TraefikService[] {
  // Traefik would drop the whole router when a Service is missing, also one that gets nothing.
  const targets = rule.targets.filter(({ weight }) => weight > 0);
  const transport = transportOf(route, targets, objects);
  const services = targets.map((target) => serviceOf(target, transport));
  const sticky = stickyOf(route);
  if (!sticky) return services;
  if (services.length === 1) return services.map((service) => ({ ...service, sticky }));
  // One cookie for the Service, another for the Pod of it.
  const ofPods = { cookie: { ...sticky.cookie, name: `${sticky.cookie.name}-pod` } };
  const all = services.map((service) => ({ ...service, sticky: ofPods }));
  return [reference(objects.service({ weighted: { services: all, sticky } }))];
}

function serviceOf({ service, protocol, weight }: ResolvedTarget, serversTransport?: string): TraefikService {
  return {
    name: service.name,
    port: service.port,
    scheme: protocol,
    weight,
    ...(serversTransport !== undefined && protocol !== "https" && { serversTransport }),
  };
}

// Targets of https keep Traefik's default transport, which has the authorities that Traefik trusts.
function transportOf(
  { policy }: ResolvedRoute,
  targets: readonly ResolvedTarget[],
  objects: TargetObjects,
): string | undefined {
  const responseHeaderTimeout = policy.timeouts?.backend;
  if (responseHeaderTimeout === undefined) return undefined;
  if (targets.every(({ protocol }) => protocol === "https")) return undefined;
  return objects.transport({ forwardingTimeouts: { responseHeaderTimeout } });
}

function stickyOf({ policy: { sticky }, tls }: ResolvedRoute) {
  if (!sticky) return undefined;
  const { cookieName = "datalayer-route", sameSite = "Lax", maxAgeSeconds } = sticky;
  return {
    cookie: {
      name: cookieName,
      httpOnly: true,
      secure: tls !== undefined && (tls.httpPolicy !== "Allow" || sameSite === "None"),
      sameSite: sameSite.toLowerCase(),
      ...(maxAgeSeconds !== undefined && { maxAge: maxAgeSeconds }),
    },
  };
}

function reference(name: string): TraefikService {
  return { name, kind: "TraefikService" };
}
