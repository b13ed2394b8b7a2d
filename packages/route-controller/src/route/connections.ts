import { type Route, routeReason, type RouteStatus } from "@datalayer/shared/crds/route";
import type { Refusal } from "./class-policy.ts";
import { isOlder } from "./conflicts.ts";

/**
 * Who asks clients for certificates. That is settled before a request tells its path, for the whole host: were a Route
 * that asks for them beside one that does not, Traefik would ask for none, and let everybody in to both.
 */

/** What the hosts of a Route with HTTPS have in common with others: that of `a.b.c` and of `*.b.c` is `*.b.c`. */
export function connectionKeysOf({ spec: { tls, hosts } }: Route): string[] {
  return tls ? [...new Set(hosts.map(familyOf))] : [];
}

/** Whether a Route asks clients for certificates. */
export function asksForCertificates({ spec: { auth } }: Route): boolean {
  return auth.clientCert !== undefined;
}

/** A host whose connections two Routes cannot share; undefined when there is none. */
export function disputedHostOf(one: Route, other: Route): string | undefined {
  if (!asksForCertificates(one) && !asksForCertificates(other)) return undefined;
  if (!one.spec.tls || !other.spec.tls) return undefined;
  return one.spec.hosts.find((host) => other.spec.hosts.some((another) => overlap(host, another)));
}

/** Why a Route may not have its connections: an older one has them; undefined when it may. */
export function connectionRefusalOf(
  route: Route,
  sharers: readonly Route[],
): (Refusal & { conflict: NonNullable<RouteStatus["conflictsWith"]>[number] }) | undefined {
  for (const sharer of sharers) {
    const host = disputedHostOf(route, sharer);
    if (host === undefined || !isOlder(seniorityOf(sharer), seniorityOf(route))) continue;
    const { namespace, name } = sharer.metadata;
    const isOwn = namespace === route.metadata.namespace;
    const message = `spec.hosts: ${isOwn ? `Route "${name}"` : "somebody else"} has host "${host}" over HTTPS already, and is older; where a Route asks for client certificates (auth.clientCert), it has the host alone.`;
    return {
      reason: routeReason.conflict,
      message,
      conflict: { host, path: "/", ...(isOwn && { route: name }) },
    };
  }
  return undefined;
}

function seniorityOf({ metadata: { namespace = "", name, creationTimestamp } }: Route) {
  return { namespace, name, creationTimestamp };
}

function familyOf(host: string): string {
  return host.startsWith("*.") ? host : `*.${host.slice(host.indexOf(".") + 1)}`;
}

function overlap(one: string, other: string): boolean {
  const hasWildcard = one.startsWith("*.") || other.startsWith("*.");
  return one === other || (hasWildcard && familyOf(one) === familyOf(other));
}
