import { BlockList } from "node:net";
import { guardedAgent } from "@datalayer/shared/http/guarded-agent";
import { Agent } from "undici";
import { addressFault, type ClusterAddresses, serviceNameIn } from "../../route/addresses.ts";

const connectTimeoutMs = 2_000;
const limits = { connections: 64, pipelining: 1, maxHeaderSize: 32 * 1024 };

/**
 * Connections to addresses that authors of Routes chose. To those of Services lead names of Services only: of which
 * namespace these are stands in the name.
 * @param cluster - what is never asked, whatever name leads there.
 */
export function authorsAgent(cluster: () => ClusterAddresses): Agent {
  const refuses = (address: string, host: string): boolean => isRefused(address, host, cluster());
  return guardedAgent({ ...limits, connectTimeoutMs, refuses, nameOf: lookedUpName });
}

const noRange = new BlockList();

/** Whether an address that was found for a host may not be asked. */
export function isRefused(
  address: string,
  host: string,
  { apiServers, services }: ClusterAddresses,
): boolean {
  const isOfService = serviceNameIn(host) !== undefined;
  return addressFault(address, { apiServers, services: isOfService ? noRange : services }) !== undefined;
}

/** Connections to addresses that administrators chose. */
export function administratorsAgent(): Agent {
  return new Agent({ ...limits, connect: { timeout: connectTimeoutMs } });
}

/**
 * With a dot at its end a name stands for itself; without, the search domains of the cluster come first, which make a
 * Service of another namespace of `name.other`. Only what says that it is a Service is searched for, by its name in the
 * cluster: whoever has a domain can have any address for `name.namespace.svc.` and that domain.
 */
export function lookedUpName(host: string): string {
  const ofService = serviceNameIn(host);
  if (ofService !== undefined) return ofService;
  return !host.includes(".") || host.endsWith(".") ? host : `${host}.`;
}
