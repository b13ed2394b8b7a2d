import { BlockList, isIP } from "node:net";

/** Where a repository is, as far as it matters for who may be asked. */
export interface GitSource {
  /** Lower case; `git@host:path` is ssh. */
  scheme: string;
  /** Without the brackets of an IPv6 address. */
  host: string;
}

/** Never a git server: the node itself, and what clouds serve credentials from. */
const forbidden = new BlockList();
for (const [network, bits] of [
  ["0.0.0.0", 8],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["224.0.0.0", 4],
  ["100.100.100.200", 32],
] as const)
  forbidden.addSubnet(network, bits, "ipv4");
for (const [network, bits] of [
  ["::", 127],
  ["fe80::", 10],
  ["ff00::", 8],
  ["fd00:ec2::254", 128],
] as const)
  forbidden.addSubnet(network, bits, "ipv6");

/** Reads the address of a repository; undefined when it is none. */
export function parseGitSource(source: string): GitSource | undefined {
  const scpLike = /^[A-Za-z0-9_][A-Za-z0-9_.-]*@(\[[^\]]+\]|[^/:@[\]]+):/.exec(source);
  if (scpLike?.[1] !== undefined) return { scheme: "ssh", host: bare(scpLike[1]) };
  if (!URL.canParse(source)) return undefined;
  const { protocol, hostname } = new URL(source);
  return hostname === "" ? undefined : { scheme: protocol.slice(0, -1), host: bare(hostname) };
}

/**
 * Whether a host is refused by its name alone. What a name resolves to is checked where the repository is fetched,
 * at the moment it is fetched.
 */
export function isForbiddenHost(host: string): boolean {
  const family = isIP(host);
  if (family === 0) return /(^|\.)localhost\.?$/i.test(host);
  return forbidden.check(host, family === 4 ? "ipv4" : "ipv6");
}

function bare(host: string): string {
  return host.replace(/^\[|\]$/g, "");
}
