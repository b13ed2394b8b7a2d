import type { Route, RouteRule, RouteTarget } from "@datalayer/shared/crds/route";
import type { RouteClass } from "@datalayer/shared/crds/route-class";
import type { ResolvedAuth, ResolvedRoute, ResolvedRule, ResolvedTarget } from "../backends/backend.ts";
import { certificateNameOf, issuerOf } from "../certificates/certificate.ts";
import { podServiceNameOf, podTargetOf } from "../pod-targets/pod-target.ts";
import { headersFromVerifier, headersToVerifier, verifiedField, verifierUrl } from "../verifier/address.ts";
import { matchesOf, pathOf, priorityOf } from "./matching.ts";
import { ownedBy } from "./names.ts";
import { passTextOf } from "./pass.ts";
import type { FoundService } from "./references.ts";

/** A Service that a Route names, and in which fields. */
export type ServiceReference = Pick<FoundService, "field" | "portField" | "name" | "port" | "rule">;

/** Every Service that a Route names, or its class for it; all lie in its namespace. */
export function serviceReferencesOf({ spec }: Route, routeClass: RouteClass): ServiceReference[] {
  const ofRules = spec.rules.flatMap(({ targets = [], mirror }, rule) => [
    ...targets.flatMap((target, index) => {
      const at = `spec.rules[${rule}].targets[${index}]`;
      const named = namedService(target, routeClass);
      if (!named) return [];
      const fields = target.service
        ? { field: `${at}.service.name`, portField: `${at}.port` }
        : { field: `${at}.runtime`, portField: `${at}.runtime` };
      const isAsked = (target.weight ?? 1) > 0;
      return [{ ...named, ...fields, ...(isAsked && { rule }) }];
    }),
    ...(mirror ? [mirrorReference(mirror, `spec.rules[${rule}].mirror`)] : []),
  ]);
  const { service: auth } = spec.auth.forward ?? {};
  const at = "spec.auth.forward.service";
  return auth ? [...ofRules, { ...auth, field: `${at}.name`, portField: `${at}.port` }] : ofRules;
}

/** Every target of a Route whose Pods are found by the controller itself. */
export function podReferencesOf({ spec }: Route): { field: string; rule: number; target: RouteTarget }[] {
  return spec.rules.flatMap(({ targets = [] }, rule) =>
    targets.flatMap((target, index) =>
      podTargetOf(target) ? [{ field: `spec.rules[${rule}].targets[${index}]`, rule, target }] : [],
    ),
  );
}

/**
 * A Route with all that it leaves to its class and to the cluster.
 *
 * @param isMissing - of Services that are not there: they are left out where a rule has others.
 */
export function resolveRoute(
  route: Route,
  routeClass: RouteClass,
  isMissing: (service: { name: string; port: number }) => boolean,
): ResolvedRoute {
  const { metadata, spec } = route;
  const { namespace = "", name, uid } = metadata;
  const tls = tlsOf(route, routeClass);
  return {
    namespace,
    name,
    uid,
    owner: ownedBy(route),
    hosts: spec.hosts,
    ...(tls && { tls }),
    auth: authOf(route, routeClass),
    rules: resolveRules(route, routeClass, isMissing),
    policy: spec.policy ?? {},
    onUnsupported: spec.onUnsupported ?? "Reject",
  };
}

function resolveRules(
  route: Route,
  routeClass: RouteClass,
  isMissing: (service: { name: string; port: number }) => boolean,
): ResolvedRule[] {
  let index = 0;
  return route.spec.rules.map((rule) => {
    const { name = "main", redirect, rewrite, headers, mirror } = rule;
    const matches = matchesOf(rule).map((match) => ({
      ...match,
      ...(match.path && { path: pathOf(match) }),
      priority: priorityOf(match, index++),
    }));
    return {
      name,
      matches,
      targets: targetsOf(rule, route, { routeClass, isMissing }),
      ...(redirect && { redirect }),
      ...(rewrite && { rewrite }),
      ...(headers && { headers }),
      ...(isByGateway(rule) && { pass: passTextOf(route) }),
      ...(mirror && {
        mirror: {
          service: { name: mirror.service.name, port: mirror.port },
          percent: mirror.percent ?? 100,
        },
      }),
    };
  });
}

function targetsOf(
  { targets = [] }: RouteRule,
  route: Route,
  context: {
    routeClass: RouteClass;
    isMissing: (service: { name: string; port: number }) => boolean;
  },
): ResolvedTarget[] {
  const all = targets.map((target) => ({
    service: namedService(target, context.routeClass) ?? {
      name: podServiceNameOf(route, target),
      port: target.port,
    },
    protocol: target.protocol ?? "http",
    weight: target.weight ?? 1,
  }));
  // One that is missing would take the others with it: Traefik drops the whole rule.
  const there = all.filter(({ service }) => !context.isMissing(service));
  return there.some(({ weight }) => weight > 0) ? there : all;
}

function namedService(
  { service, runtime, port }: RouteTarget,
  routeClass: RouteClass,
): { name: string; port: number } | undefined {
  if (service) return { name: service.name, port };
  return isPool(runtime) ? routeClass.spec.runtimeGateway?.service : undefined;
}

/** Whether requests of a rule go through the runtime gateway. */
function isByGateway({ targets = [] }: RouteRule): boolean {
  return targets.some(({ runtime }) => isPool(runtime));
}

/** Whether a target is all runtimes of a pool, of which the gateway finds the one. */
export function isPool(runtime: RouteTarget["runtime"]): boolean {
  return runtime !== undefined && runtime.ulid === undefined;
}

function mirrorReference(
  { service: { name }, port }: NonNullable<RouteRule["mirror"]>,
  at: string,
): ServiceReference {
  return { name, port, field: `${at}.service.name`, portField: `${at}.port` };
}

function tlsOf(route: Route, routeClass: RouteClass): ResolvedRoute["tls"] {
  const { tls } = route.spec;
  if (!tls) return undefined;
  const secretName = tls.secretName ?? (issuerOf(route, routeClass) && certificateNameOf(route));
  return secretName === undefined ? undefined : { secretName, httpPolicy: tls.httpPolicy ?? "Redirect" };
}

function authOf({ metadata, spec: { auth } }: Route, { spec }: RouteClass): ResolvedAuth {
  if (auth.basic) return { kind: "basic", secretName: auth.basic.secretName };
  if (auth.clientCert) return { kind: "clientCert", caSecretName: auth.clientCert.caSecretName };
  const field = verifiedField(auth);
  if (auth.target) return { kind: "target", ...auth.target };
  if (!field) return { kind: "none" };
  // Where there is a verifier it asks for them: it removes what pretends to identity, and remembers.
  const url = spec.verifier
    ? verifierUrl(spec.verifier.url, metadata.uid)
    : ((auth.platform ? spec.platform?.url : serviceUrlOf(auth.forward, metadata)) ?? "");
  return {
    kind: "forward",
    field,
    url,
    requestHeaders: headersToVerifier(auth),
    responseHeaders: headersFromVerifier(auth, spec),
  };
}

/** A URL is for the verifier alone. */
function serviceUrlOf(
  forward: Route["spec"]["auth"]["forward"],
  { namespace = "" }: Route["metadata"],
): string | undefined {
  if (!forward?.service) return undefined;
  const { name, port, path = "/" } = forward.service;
  return `http://${name}.${namespace}.svc:${port}${path}`;
}
