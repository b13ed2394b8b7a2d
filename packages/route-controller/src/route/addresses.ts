import { BlockList, isIP } from "node:net";
import type { EndpointSlice, Service } from "@datalayer/shared/kube/kinds";

const forbidden = new BlockList();
forbidden.addSubnet("0.0.0.0", 8, "ipv4"); // "this host"
forbidden.addSubnet("127.0.0.0", 8, "ipv4");
forbidden.addSubnet("169.254.0.0", 16, "ipv4"); // link-local, where clouds serve credentials
forbidden.addSubnet("224.0.0.0", 3, "ipv4"); // multicast, reserved, broadcast
forbidden.addSubnet("::", 96, "ipv6"); // unspecified, loopback, IPv4-compatible
forbidden.addSubnet("64:ff9b::", 96, "ipv6"); // IPv4 behind NAT64
forbidden.addSubnet("fd00:ec2::", 32, "ipv6"); // where AWS serves credentials
forbidden.addSubnet("fe80::", 10, "ipv6");
forbidden.addSubnet("ff00::", 8, "ipv6");

/** Why nothing may be sent to an address, as the end of a sentence; undefined when it may. */
export function addressFault(address: string, apiServers: ReadonlySet<string>): string | undefined {
  const family = isIP(address);
  if (family === 0) return "is not an IP address";
  // Also finds IPv4 addresses that are written as IPv6.
  if (forbidden.check(address, family === 4 ? "ipv4" : "ipv6"))
    return "is a loopback, link-local, multicast or reserved address";
  if (apiServers.has(address)) return "is an address of the API server";
  return undefined;
}

/** Names that mean something only inside the cluster, or on one machine. */
const internalName = /(^|\.)(svc|cluster\.local|localhost|internal|arpa)$/;

/** Whether requests to a host come from inside the cluster, where names are not a RouteClass's to give away. */
export function isClusterInternal(host: string): boolean {
  return /(^|\.)(svc|cluster\.local|arpa)$/.test(host);
}

/**
 * Why an address that a Route gives may not be asked, as the end of a sentence; undefined when it may. In the
 * cluster, that are Services of the Route's own namespace only.
 */
export function urlFault(
  url: string,
  { namespace, apiServers }: { namespace: string; apiServers: ReadonlySet<string> },
): string | undefined {
  const parsed = URL.parse(url);
  if (!parsed) return "is not a URL";
  // WHATWG: 0x7f.1 and 2130706433 are 127.0.0.1 from here on.
  const host = parsed.hostname.replace(/^\[|\]$/g, "").replace(/\.$/, "");
  if (isIP(host)) return addressFault(host, apiServers);
  const [, , ofNamespace] = /^([^.]+)\.([^.]+)(\.svc(\.cluster\.local)?)$/.exec(host) ?? [];
  if (ofNamespace === namespace) return undefined;
  if (ofNamespace !== undefined) return `is in namespace ${ofNamespace}, and the Route in ${namespace}`;
  if (internalName.test(host) || !host.includes("."))
    return "is a name inside the cluster; expected that of a Service of the namespace, such as http://name.namespace.svc";
  return undefined;
}

/** The addresses of the API server, by the Service `kubernetes` and its endpoints. */
export function apiServerAddresses(
  services: readonly Service[],
  slices: readonly EndpointSlice[],
): ReadonlySet<string> {
  const endpoints = slices.flatMap((slice) => (slice.endpoints ?? []).flatMap(({ addresses }) => addresses));
  return new Set([...services.flatMap(({ spec }) => spec?.clusterIPs ?? []), ...endpoints]);
}
