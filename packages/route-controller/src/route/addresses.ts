import { BlockList, isIP } from "node:net";
import { isForbiddenAddress } from "@datalayer/shared/http/forbidden-address";
import type { EndpointSlice, Service, ServiceCidr } from "@datalayer/shared/kube/kinds";

/** What is known of addresses that stand for something of the cluster. */
export interface ClusterAddresses {
  /** Those of the API server. */
  readonly apiServers: ReadonlySet<string>;
  /** The ranges from which Services get theirs, of all namespaces alike. */
  readonly services: BlockList;
}

/** Why nothing may be sent to an address, as the end of a sentence; undefined when it may. */
export function addressFault(
  address: string,
  { apiServers, services }: ClusterAddresses,
): string | undefined {
  if (isIP(address) === 0) return "is not an IP address";
  if (isForbiddenAddress(address)) return "is a loopback, link-local, multicast or reserved address";
  if (isOneOf(address, apiServers)) return "is an address of the API server";
  return isIn(services, address)
    ? "is in a range of addresses of Services, of whatever namespace"
    : undefined;
}

function isIn(list: BlockList, address: string): boolean {
  return list.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");
}

/** However it is written. */
function isOneOf(address: string, addresses: ReadonlySet<string>): boolean {
  if (addresses.has(address) || isIP(address) === 4) return addresses.has(address);
  const list = new BlockList();
  for (const one of addresses) list.addAddress(one, isIP(one) === 6 ? "ipv6" : "ipv4");
  return isIn(list, address);
}

/** The name of a Service, or of one Pod of it, whatever the domain of the cluster is. */
const serviceName = /^([^.]+\.)?[^.]+\.([^.]+)\.svc(\..+)?$/;

/**
 * The name of a Service, without the domain of the cluster, of a host that stands for one; undefined for every other
 * host. A Pod of a Service has a name of its own.
 */
export function serviceNameIn(host: string): string | undefined {
  const name = host.replace(/\.$/, "");
  const [, ofPod] = serviceName.exec(name) ?? [];
  if (ofPod !== undefined || !serviceName.test(name)) return undefined;
  return `${name.split(".", 2).join(".")}.svc`;
}

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
  { namespace, cluster }: { namespace: string; cluster: ClusterAddresses },
): string | undefined {
  const parsed = URL.parse(url);
  if (!parsed) return "is not a URL";
  // WHATWG: 0x7f.1 and 2130706433 are 127.0.0.1 from here on.
  const host = parsed.hostname.replace(/^\[|\]$/g, "").replace(/\.$/, "");
  const expected = `expected a name, such as http://name.${namespace}.svc`;
  if (isIP(host)) {
    const fault = addressFault(host, cluster);
    return isIn(cluster.services, host) ? `${fault}; ${expected}` : fault;
  }
  return nameFault(host, namespace);
}

function nameFault(host: string, namespace: string): string | undefined {
  const [, , ofNamespace = namespace] = serviceName.exec(host) ?? [];
  if (ofNamespace !== namespace) return `is in namespace ${ofNamespace}, and the Route in ${namespace}`;
  if (serviceNameIn(host) !== undefined || !(internalName.test(host) || isSearched(host, namespace)))
    return undefined;
  return `is a name inside the cluster; expected that of a Service of the namespace, such as http://name.${namespace}.svc`;
}

/** Whether it can only be the beginning of a name: the cluster's search domains make a Service of `name.namespace`. */
function isSearched(host: string, namespace: string): boolean {
  const labels = host.split(".");
  const last = labels.at(-1) ?? "";
  const isTopLevel = /^([a-z]+|xn--.+)$/.test(last);
  return labels.length === 1 || !isTopLevel || (labels.length === 2 && last === namespace);
}

/**
 * Tells the addresses of the cluster.
 * @param known - `services`, `slices`: the Service `kubernetes` and its endpoints. `ranges`: all that there are; none in
 * clusters of Kubernetes before 1.33, which do not tell.
 */
export function clusterAddresses(
  known: {
    services?: readonly Service[];
    slices?: readonly EndpointSlice[];
    ranges?: readonly ServiceCidr[];
  } = {},
): ClusterAddresses {
  const { services = [], slices = [], ranges = [] } = known;
  const endpoints = slices.flatMap((slice) => (slice.endpoints ?? []).flatMap(({ addresses }) => addresses));
  return {
    apiServers: new Set([...services.flatMap(({ spec }) => spec?.clusterIPs ?? []), ...endpoints]),
    services: rangesOf(ranges.flatMap(({ spec }) => spec?.cidrs ?? [])),
  };
}

/** The addresses of the cluster, as caches know them now. */
export function clusterIn(caches: {
  apiServerServices: Listed<Service>;
  apiServerSlices: Listed<EndpointSlice>;
  serviceCidrs: Listed<ServiceCidr>;
}): ClusterAddresses {
  return clusterAddresses({
    services: caches.apiServerServices.list(),
    slices: caches.apiServerSlices.list(),
    ranges: caches.serviceCidrs.list(),
  });
}

interface Listed<T> {
  list: () => T[];
}

function rangesOf(cidrs: readonly string[]): BlockList {
  const list = new BlockList();
  for (const cidr of cidrs) {
    const [net = "", prefix] = cidr.split("/");
    list.addSubnet(net, Number(prefix), isIP(net) === 6 ? "ipv6" : "ipv4");
  }
  return list;
}
