import { BlockList, isIP } from "node:net";
import { isForbiddenAddress } from "@datalayer/shared/http/forbidden-address";
import type { EndpointSlice, Service } from "@datalayer/shared/kube/kinds";

/** Why nothing may be sent to an address, as the end of a sentence; undefined when it may. */
export function addressFault(address: string, apiServers: ReadonlySet<string>): string | undefined {
  const family = isIP(address);
  if (family === 0) return "is not an IP address";
  if (isForbiddenAddress(address)) return "is a loopback, link-local, multicast or reserved address";
  return isOneOf(address, apiServers) ? "is an address of the API server" : undefined;
}

/** However it is written. */
function isOneOf(address: string, addresses: ReadonlySet<string>): boolean {
  if (addresses.has(address) || isIP(address) === 4) return addresses.has(address);
  const list = new BlockList();
  for (const one of addresses) list.addAddress(one, isIP(one) === 6 ? "ipv6" : "ipv4");
  return list.check(address, "ipv6");
}

/** The name of a Service, or of one Pod of it, whatever the domain of the cluster is. */
const serviceName = /^([^.]+\.)?[^.]+\.([^.]+)\.svc(\..+)?$/;

/** Names that mean something only inside the cluster, or on one machine. */
const internalName = /(^|\.)(svc|pod|cluster\.local|localhost|internal|arpa)$/;

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
  return nameFault(host, namespace);
}

function nameFault(host: string, namespace: string): string | undefined {
  const [, ofPod, ofNamespace = namespace] = serviceName.exec(host) ?? [];
  if (ofNamespace !== namespace) return `is in namespace ${ofNamespace}, and the Route in ${namespace}`;
  const isOwnService = serviceName.test(host) && ofPod === undefined;
  if (isOwnService || !(internalName.test(host) || isSearched(host, namespace))) return undefined;
  return `is a name inside the cluster; expected that of a Service of the namespace, such as http://name.${namespace}.svc`;
}

/** Whether it can only be the beginning of a name: the cluster's search domains make a Service of `name.namespace`. */
function isSearched(host: string, namespace: string): boolean {
  const labels = host.split(".");
  const last = labels.at(-1) ?? "";
  const isTopLevel = /^([a-z]+|xn--.+)$/.test(last);
  return labels.length === 1 || !isTopLevel || (labels.length === 2 && last === namespace);
}

/** The addresses of the API server, by the Service `kubernetes` and its endpoints. */
export function apiServerAddresses(
  services: readonly Service[],
  slices: readonly EndpointSlice[],
): ReadonlySet<string> {
  const endpoints = slices.flatMap((slice) => (slice.endpoints ?? []).flatMap(({ addresses }) => addresses));
  return new Set([...services.flatMap(({ spec }) => spec?.clusterIPs ?? []), ...endpoints]);
}
