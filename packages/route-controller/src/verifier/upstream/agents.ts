import { guardedAgent } from "@datalayer/shared/http/guarded-agent";
import { Agent } from "undici";
import { addressFault } from "../../route/addresses.ts";

const connectTimeoutMs = 2_000;
const limits = { connections: 64, pipelining: 1, maxHeaderSize: 32 * 1024 };

/**
 * Connections to addresses that authors of Routes chose.
 * @param apiServers - the addresses of the API server, whatever name leads there.
 */
export function authorsAgent(apiServers: () => ReadonlySet<string>): Agent {
  const refuses = (address: string): boolean => addressFault(address, apiServers()) !== undefined;
  return guardedAgent({ ...limits, connectTimeoutMs, refuses, nameOf: lookedUpName });
}

/** Connections to addresses that administrators chose. */
export function administratorsAgent(): Agent {
  return new Agent({ ...limits, connect: { timeout: connectTimeoutMs } });
}

/**
 * With a dot at its end a name stands for itself; without, the search domains of the cluster come first, which make a
 * Service of another namespace of `name.other`. Only what says that it is a Service is searched for.
 */
export function lookedUpName(host: string): string {
  const isSearched = !host.includes(".") || host.endsWith(".") || host.endsWith(".svc");
  return isSearched ? host : `${host}.`;
}
