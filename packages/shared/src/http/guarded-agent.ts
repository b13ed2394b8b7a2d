import { lookup as resolve, type LookupAddress, type LookupOptions } from "node:dns";
import { BlockList, isIP, type LookupFunction } from "node:net";
import { Agent, buildConnector } from "undici";

/** The addresses of this machine itself, of the metadata of clouds, and those that are nobody's. */
const forbidden = forbiddenAddresses();

function forbiddenAddresses(): BlockList {
  const list = new BlockList();
  list.addSubnet("0.0.0.0", 8, "ipv4");
  list.addSubnet("127.0.0.0", 8, "ipv4");
  list.addSubnet("169.254.0.0", 16, "ipv4");
  list.addSubnet("224.0.0.0", 3, "ipv4");
  // Where some clouds have their metadata beside the link-local address of the others.
  list.addAddress("100.100.100.200", "ipv4");
  list.addAddress("192.0.0.192", "ipv4");
  list.addAddress("::", "ipv6");
  list.addAddress("::1", "ipv6");
  list.addSubnet("fe80::", 10, "ipv6");
  list.addSubnet("ff00::", 8, "ipv6");
  list.addAddress("fd00:ec2::254", "ipv6");
  return list;
}

/** Whether nobody but an administrator may have this address asked. */
export function isForbiddenAddress(address: string): boolean {
  return forbidden.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");
}

/** An address that nobody but an administrator may have asked. */
export class ForbiddenAddressError extends Error {
  override readonly name = "ForbiddenAddressError";

  constructor(host: string) {
    super(`${host} is an address of this machine or of its cloud's metadata, which is never asked`);
  }
}

/** How the agent connects. */
export interface GuardedAgentOptions extends Omit<Agent.Options, "connect"> {
  connectTimeoutMs: number;
  /** Authorities in place of those that the system knows, as PEM. */
  ca?: readonly string[];
}

/**
 * Connections to addresses that others than administrators chose. They cannot lead to this machine or to the metadata
 * of its cloud: it is the resolved address that is looked at, each time a connection is made.
 */
export function guardedAgent({ connectTimeoutMs, ca, ...options }: GuardedAgentOptions): Agent {
  const connect = buildConnector({
    timeout: connectTimeoutMs,
    lookup: guardedLookup,
    ...(ca && { ca: [...ca] }),
  });
  return new Agent({
    ...options,
    connect: (target, callback) => {
      const { hostname } = target;
      // An address is not looked up.
      if (isIP(hostname) > 0 && isForbiddenAddress(hostname))
        callback(new ForbiddenAddressError(hostname), null);
      else connect(target, callback);
    },
  });
}

const guardedLookup: LookupFunction = (hostname, options: LookupOptions, callback) => {
  resolve(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
    if (error) {
      callback(error, "");
      return;
    }
    const [first] = addresses;
    if (!first || addresses.some(({ address }) => isForbiddenAddress(address)))
      callback(new ForbiddenAddressError(hostname), "");
    else if (options.all) callback(null, addresses);
    else callback(null, first.address, first.family);
  });
};
