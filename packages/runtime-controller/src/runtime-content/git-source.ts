import { isIP } from "node:net";
import { isForbiddenAddress } from "@datalayer/shared/http/forbidden-address";

/** Where a repository is, as far as it matters for who may be asked. */
export interface GitSource {
  /** Lower case; `git@host:path` is ssh. */
  scheme: string;
  /** Without the brackets of an IPv6 address. */
  host: string;
}

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
  return isIP(host) === 0 ? /(^|\.)localhost\.?$/i.test(host) : isForbiddenAddress(host);
}

function bare(host: string): string {
  return host.replace(/^\[|\]$/g, "");
}
