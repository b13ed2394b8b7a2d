import type { Gateway, GatewayReference, HttpRoute } from "@datalayer/shared/crds/gateway-api";
import type { Namespace } from "@datalayer/shared/kube/kinds";

/** A listener of a Gateway of ours. */
export type Listener = Gateway["spec"]["listeners"][number];

/** What a parentRef of an HTTPRoute comes to. */
export interface Attachment {
  parentRef: GatewayReference;
  gateway: Gateway;
  listeners: readonly Listener[];
  hosts: readonly string[];
  /** Why it is attached, or not, as the Gateway API names it. */
  reason: "Accepted" | "NoMatchingParent" | "NotAllowedByListeners" | "NoMatchingListenerHostname";
}

/** Where an HTTPRoute attaches, of the Gateways that are ours. */
export function attachmentsOf(
  route: HttpRoute,
  gateways: readonly Gateway[],
  namespaces: readonly Namespace[],
): Attachment[] {
  return (route.spec.parentRefs ?? []).flatMap((parentRef) => {
    const namespace = parentRef.namespace ?? route.metadata.namespace;
    const gateway = gateways.find(
      ({ metadata }) => metadata.name === parentRef.name && metadata.namespace === namespace,
    );
    return gateway ? [attach(route, { parentRef, gateway, namespaces })] : [];
  });
}

function attach(
  route: HttpRoute,
  at: { parentRef: GatewayReference; gateway: Gateway; namespaces: readonly Namespace[] },
): Attachment {
  const { parentRef, gateway, namespaces } = at;
  const none = { parentRef, gateway, listeners: [], hosts: [] };
  const named = gateway.spec.listeners.filter(
    ({ name, port }) => (parentRef.sectionName ?? name) === name && (parentRef.port ?? port) === port,
  );
  if (named.length === 0) return { ...none, reason: "NoMatchingParent" };
  const allowed = named.filter((listener) => allows(listener, { route, gateway, namespaces }));
  if (allowed.length === 0) return { ...none, reason: "NotAllowedByListeners" };
  const fitting = allowed.map((listener) => ({ listener, hosts: commonHosts(route, listener) }));
  const listeners = fitting.filter(({ hosts }) => hosts !== undefined).map(({ listener }) => listener);
  if (listeners.length === 0) return { ...none, reason: "NoMatchingListenerHostname" };
  const hosts = [...new Set(fitting.flatMap((one) => one.hosts ?? []))];
  return { parentRef, gateway, listeners, hosts, reason: "Accepted" };
}

function allows(
  { allowedRoutes }: Listener,
  { route, gateway, namespaces }: { route: HttpRoute; gateway: Gateway; namespaces: readonly Namespace[] },
): boolean {
  const { from = "Same", selector } = (allowedRoutes?.["namespaces"] ?? {}) as {
    from?: string;
    selector?: { matchLabels?: Record<string, string> };
  };
  const { namespace } = route.metadata;
  if (from === "Same") return namespace === gateway.metadata.namespace;
  if (from === "All") return true;
  const labels = namespaces.find(({ metadata }) => metadata.name === namespace)?.metadata.labels ?? {};
  return Object.entries(selector?.matchLabels ?? {}).every(([key, value]) => labels[key] === value);
}

/** Undefined when they have none in common; empty when both are for all hosts. */
function commonHosts(route: HttpRoute, { hostname }: Listener): string[] | undefined {
  const { hostnames = [] } = route.spec;
  if (hostname === undefined) return hostnames;
  if (hostnames.length === 0) return [hostname];
  const common = hostnames.flatMap((host) => {
    if (host === hostname || within(host, hostname)) return [host];
    return within(hostname, host) ? [hostname] : [];
  });
  return common.length > 0 ? common : undefined;
}

function within(host: string, wildcard: string): boolean {
  return wildcard.startsWith("*.") && host.endsWith(wildcard.slice(1));
}
