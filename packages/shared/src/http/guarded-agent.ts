import { lookup as resolve, type LookupAddress, type LookupOptions } from "node:dns";
import { isIP, type LookupFunction } from "node:net";
import { Agent, buildConnector } from "undici";
import { isForbiddenAddress } from "./forbidden-address.ts";

/** An address that nobody but an administrator may have asked. */
export class ForbiddenAddressError extends Error {
  override readonly name = "ForbiddenAddressError";

  constructor(host: string) {
    super(
      `${host} is an address of this machine, of its cloud's metadata, or of something of the cluster that is never asked`,
    );
  }
}

/** How the agent connects. */
export interface GuardedAgentOptions extends Omit<Agent.Options, "connect"> {
  connectTimeoutMs: number;
  /** Authorities in place of those that the system knows, as PEM. */
  ca?: readonly string[];
  /** Whether an address is refused for a host, beside those that always are; none by default. */
  refuses?: (address: string, host: string) => boolean;
  /** The name that is looked up for a host; the host by default. */
  nameOf?: (host: string) => string;
}

/**
 * Connections to addresses that others than administrators chose. They cannot lead to this machine or to the metadata
 * of its cloud: it is the resolved address that is looked at, each time a connection is made.
 */
export function guardedAgent({
  connectTimeoutMs,
  ca,
  refuses = () => false,
  nameOf = (host) => host,
  ...options
}: GuardedAgentOptions): Agent {
  const isRefused: IsRefused = (address, host) => isForbiddenAddress(address) || refuses(address, host);
  const connect = buildConnector({
    timeout: connectTimeoutMs,
    lookup: guardedLookup(isRefused, nameOf),
    ...(ca && { ca: [...ca] }),
  });
  return new Agent({
    ...options,
    connect: (target, callback) => {
      const { hostname } = target;
      // An address is not looked up.
      if (isIP(hostname) > 0 && isRefused(hostname, hostname))
        callback(new ForbiddenAddressError(hostname), null);
      else connect(target, callback);
    },
  });
}

type IsRefused = (address: string, host: string) => boolean;

function guardedLookup(isRefused: IsRefused, nameOf: (host: string) => string): LookupFunction {
  return (hostname, options: LookupOptions, callback) => {
    resolve(nameOf(hostname), { ...options, all: true }, (error, addresses: LookupAddress[]) => {
      if (error) {
        callback(error, "");
        return;
      }
      const [first] = addresses;
      if (!first || addresses.some(({ address }) => isRefused(address, hostname)))
        callback(new ForbiddenAddressError(hostname), "");
      else if (options.all) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}
