import type { RouteClass } from "@datalayer/shared/crds/route-class";
import type { EndpointSlice } from "@datalayer/shared/kube/kinds";

/** One process of the data plane; addresses are origins without a path, such as `http://10.0.0.3:8080`. */
export interface Replica {
  /** Its Pod, or its address, for people. */
  name: string;
  /** Where its API answers; undefined when its port is not in the EndpointSlice. */
  api: string | undefined;
  /** Its entry points. */
  http: string | undefined;
  https: string | undefined;
}

/** What a RouteClass says of its Traefik. */
type TraefikClass = NonNullable<RouteClass["spec"]["traefik"]>;

/** Which Service names the replicas; undefined when the class gives addresses, or nothing. */
export function serviceOf(routeClass: RouteClass): { namespace: string; name: string } | undefined {
  return routeClass.spec.traefik?.service;
}

/**
 * The replicas of a class that serve requests now: the ready endpoints of its Service, or the addresses that it
 * gives. Ordered by name.
 */
export function replicasOf(routeClass: RouteClass, slices: readonly EndpointSlice[]): Replica[] {
  const { urls, service } = routeClass.spec.traefik ?? {};
  if (urls) return [{ name: urls.api, api: urls.api, http: urls.http, https: urls.https }];
  if (!service) return [];
  const byName = new Map(slices.flatMap((slice) => inSlice(slice, service)).map((one) => [one.name, one]));
  return [...byName.values()].toSorted((one, other) => (one.name < other.name ? -1 : 1));
}

function inSlice(slice: EndpointSlice, { ports }: NonNullable<TraefikClass["service"]>): Replica[] {
  const portOf = (name: string): number | undefined => slice.ports?.find((port) => port.name === name)?.port;
  return (slice.endpoints ?? [])
    .filter(({ conditions }) => conditions?.ready !== false)
    .flatMap(({ addresses, targetRef }) => {
      const [address] = addresses;
      if (address === undefined) return [];
      const origin = (scheme: string, port: number | undefined): string | undefined =>
        port === undefined ? undefined : `${scheme}://${inUrl(address)}:${port}`;
      return [
        {
          name: targetRef?.name ?? address,
          api: origin("http", portOf(ports?.api ?? "traefik")),
          http: origin("http", portOf(ports?.http ?? "web")),
          https: origin("https", portOf(ports?.https ?? "websecure")),
        },
      ];
    });
}

function inUrl(address: string): string {
  return address.includes(":") ? `[${address}]` : address;
}
