import { BlockList, isIP } from "node:net";

/** What reaches this machine itself, the metadata of clouds, many at once, or nobody. */
const forbidden = forbiddenAddresses();

function forbiddenAddresses(): BlockList {
  const list = new BlockList();
  for (const [net, prefix] of [
    ["0.0.0.0", 8],
    ["127.0.0.0", 8],
    ["169.254.0.0", 16],
    ["224.0.0.0", 3],
    // Where some clouds have their metadata beside the link-local address of the others.
    ["100.100.100.200", 32],
    ["192.0.0.192", 32],
  ] as const) {
    list.addSubnet(net, prefix, "ipv4");
    // The same as NAT64 writes it, which in clusters of IPv6 is how all of IPv4 is reached.
    list.addSubnet(`64:ff9b::${net}`, 96 + prefix, "ipv6");
  }
  // Unspecified, loopback, and IPv4 as nobody writes it any more.
  list.addSubnet("::", 96, "ipv6");
  list.addSubnet("fd00:ec2::", 32, "ipv6");
  list.addSubnet("fe80::", 10, "ipv6");
  list.addSubnet("ff00::", 8, "ipv6");
  return list;
}

/**
 * Whether nobody but an administrator may have this address asked. Also finds IPv4 addresses that are written as IPv6
 * (`::ffff:127.0.0.1`).
 */
export function isForbiddenAddress(address: string): boolean {
  return forbidden.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");
}
