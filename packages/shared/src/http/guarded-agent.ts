import { lookup as resolve, type LookupAddress, type LookupOptions } from "node:dns";
import { BlockList, isIP, type LookupFunction } from "node:net";
import { Agent, buildConnector } from "undici";

const connectTimeoutMs = 2_000;
const connectionsPerOrigin = 64;

/** The addresses of this machine itself, of its cloud's metadata, and those that are nobody's. */
function forbiddenAddresses(): BlockList {
  const list = new BlockList();
  list.addSubnet("0.0.0.0", 8, "ipv4");
  list.addSubnet("127.0.0.0", 8, "ipv4");
  list.addSubnet("169.254.0.0", 16, "ipv4");
  list.addSubnet("224.0.0.0", 3, "ipv4");
  list.addAddress("::", "ipv6");
  list.addAddress("::1", "ipv6");
  list.addSubnet("fe80::", 10, "ipv6");
  list.addSubnet("ff00::", 8, "ipv6");
  // Where clouds that speak IPv6 have their metadata.
  list.addAddress("fd00:ec2::254", "ipv6");
  return list;
}

/** An address that the author of a Route may not have asked. */
export class ForbiddenAddressError extends Error {
  override readonly name = "ForbiddenAddressError";

  constructor(host: string) {
    super(`${host} is an address of this machine or of its cloud's metadata, which Routes may not name`);
  }
}

/**
 * Connections to addresses that authors of Routes chose. They cannot lead to this machine or to the metadata of its
 * cloud: it is the resolved address that is looked at, each time a connection is made.
 */
export function guardedAgent(): Agent {
  const forbidden = forbiddenAddresses();
  const isForbidden = (address: string): boolean =>
    forbidden.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");
  const connect = buildConnector({ timeout: connectTimeoutMs, lookup: guardedLookup(isForbidden) });
  return new Agent({
    ...limits,
    connect: (options, callback) => {
      const { hostname } = options;
      // An address is not looked up.
      if (isIP(hostname) > 0 && isForbidden(hostname)) callback(new ForbiddenAddressError(hostname), null);
      else connect(options, callback);
    },
  });
}

/** Connections to addresses that administrators chose. */
export function plainAgent(): Agent {
  return new Agent({ ...limits, connect: { timeout: connectTimeoutMs } });
}

const limits = { connections: connectionsPerOrigin, pipelining: 1, maxHeaderSize: 32 * 1024 };

function guardedLookup(isForbidden: (address: string) => boolean): LookupFunction {
  return (hostname, options: LookupOptions, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
      if (error) {
        callback(error, "");
        return;
      }
      const [first] = addresses;
      if (!first || addresses.some(({ address }) => isForbidden(address)))
        callback(new ForbiddenAddressError(hostname), "");
      else if (options.all) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}
