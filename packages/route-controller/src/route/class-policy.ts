import { routeReason, type Route } from "@datalayer/shared/crds/route";
import { defaultRouteClass, type RouteClass } from "@datalayer/shared/crds/route-class";
import { issuerOf } from "../certificates/certificate.ts";
import { specFaultOf, type Surroundings } from "./spec-fault.ts";

/** Why a Route is not served: the reason of its conditions, and a sentence with the field. */
export interface Refusal {
  reason: string;
  message: string;
}

/**
 * Why a class does not take a Route, whatever other Routes there are; undefined when it does. Only a Route that its
 * class takes can be in the way of others.
 */
export function refusalOf(
  route: Route,
  routeClass: RouteClass | undefined,
  surroundings: Surroundings,
): Refusal | undefined {
  if (!routeClass) {
    const message = `spec.routeClassName: there is no RouteClass "${classNameOf(route)}".`;
    return { reason: routeReason.classNotFound, message };
  }
  const fault = specFaultOf(route, surroundings) ?? classFaultOf(route, routeClass);
  if (fault !== undefined) return { reason: routeReason.invalidSpec, message: fault };
  return authRefusalOf(route, routeClass) ?? hostRefusalOf(route, routeClass);
}

/** The class that a Route names. */
export function classNameOf({ spec }: Route): string {
  return spec.routeClassName ?? defaultRouteClass;
}

/**
 * Whether a namespace may have a host: the most exact pattern that fits the host decides, alone.
 * @param host - a name, or `*.` and a name.
 */
export function mayHave(namespace: string, host: string, { spec: { hosts = [] } }: RouteClass): boolean {
  const [decisive] = hosts
    .filter(({ pattern }) => covers(pattern, host))
    .toSorted((one, other) => other.pattern.length - one.pattern.length);
  return decisive?.namespaces.some((name) => name === "*" || name === namespace) === true;
}

function covers(pattern: string, host: string): boolean {
  if (pattern === "*" || pattern === host) return true;
  return pattern.startsWith("*.") && host.endsWith(pattern.slice(1));
}

/** What a Route needs of its class, and the class does not have. */
function classFaultOf(route: Route, routeClass: RouteClass): string | undefined {
  const { auth, rules, tls } = route.spec;
  const { spec } = routeClass;
  const isShared = rules.some(({ targets = [] }) =>
    targets.some(({ runtime }) => runtime && runtime.ulid === undefined),
  );
  const needs: [string, unknown, unknown, string][] = [
    ["spec.auth.platform", auth.platform, spec.platform, "platform"],
    ["spec.auth.jwt", auth.jwt, spec.verifier, "verifier"],
    ["spec.auth.apiKey", auth.apiKey, spec.verifier, "verifier"],
    // A data plane would ask whatever the name leads to; the verifier looks at the address first.
    ["spec.auth.forward.url", auth.forward?.url, spec.verifier, "verifier"],
    ["spec.tls", tls && tls.secretName === undefined, issuerOf(route, routeClass), "issuerRef"],
    ["spec.rules[].targets[].runtime", isShared, spec.runtimeGateway, "runtimeGateway"],
  ];
  const [unmet] = needs.filter(([, needed, given]) => needed && !given);
  return unmet && `${unmet[0]}: RouteClass "${routeClass.metadata.name}" names no ${unmet[3]}.`;
}

function authRefusalOf({ spec: { auth } }: Route, { metadata, spec }: RouteClass): Refusal | undefined {
  if (!spec.requireAuth || !auth.none) return undefined;
  const message = `spec.auth.none: RouteClass "${metadata.name}" serves no Route without authentication.`;
  return { reason: routeReason.authRequired, message };
}

function hostRefusalOf(route: Route, routeClass: RouteClass): Refusal | undefined {
  const { namespace = "" } = route.metadata;
  const index = route.spec.hosts.findIndex((host) => !mayHave(namespace, host, routeClass));
  if (index < 0) return undefined;
  const host = route.spec.hosts[index] ?? "";
  return {
    reason: routeReason.hostNotAllowed,
    message: `spec.hosts[${index}]: RouteClass "${routeClass.metadata.name}" gives "${host}" to other namespaces, or to none.`,
  };
}
