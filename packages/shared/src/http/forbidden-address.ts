import { BlockList, isIP } from "node:net";

/** The addresses of this machine itself, of the metadata of clouds, and those that are nobody's. */
const forbidden = forbiddenAddresses();

function forbiddenAddresses(): BlockList {
  const list = new BlockList();
  const ipv4: [string, number][] = [
    ["0.0.0.0", 8],
    ["127.0.0.0", 8],
    ["169.254.0.0", 16],
    ["224.0.0.0", 3],
    // Where some clouds have their metadata beside the link-local address of the others.
    ["100.100.100.200", 32],
    ["192.0.0.192", 32],
  ];
  for (const [network, prefix] of ipv4) {
    list.addSubnet(network, prefix, "ipv4");
    // The same by NAT64 (RFC 6052), as a network that has IPv6 alone writes it.
    list.addSubnet(`64:ff9b::${network}`, 96 + prefix, "ipv6");
  }
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
