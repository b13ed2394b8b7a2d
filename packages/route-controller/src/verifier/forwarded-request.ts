import { isIP } from "node:net";

/** Headers of a request, every value by itself. */
export type RequestHeaders = Readonly<Record<string, readonly string[] | undefined>>;

/** The request that a data plane asks about. */
export interface ForwardedRequest {
  method: string;
  protocol: string;
  /** As the client wrote it, with port. */
  authority: string;
  /** In lower case, without port and trailing dot. */
  host: string;
  /** Path and query. */
  uri: string;
  clientAddress: string;
}

const patterns = {
  method: /^[A-Z][A-Z-]{0,19}$/,
  protocol: /^(https?|wss?)$/,
  authority: /^([A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9.])?|\[[0-9A-Fa-f:.]{2,45}\])(:[0-9]{1,5})?$/,
  // Sent more than once, a header arrives joined by a comma and a space; neither may be in an address.
  uri: /^\/[!-~]{0,8191}$/,
};

/**
 * Reads what Traefik says of the request in `X-Forwarded-*`. Undefined when anything is missing, there twice, or not
 * of its form: such a question does not come from a data plane of ours.
 */
export function parseForwardedRequest(headers: RequestHeaders): ForwardedRequest | undefined {
  const method = only(headers, "x-forwarded-method");
  const protocol = only(headers, "x-forwarded-proto");
  const authority = only(headers, "x-forwarded-host");
  const uri = only(headers, "x-forwarded-uri");
  const clientAddress = lastAddress(only(headers, "x-forwarded-for"));
  if (!patterns.method.test(method) || !patterns.protocol.test(protocol)) return undefined;
  if (!patterns.authority.test(authority) || !patterns.uri.test(uri)) return undefined;
  if (clientAddress === undefined) return undefined;
  const host = authority
    .replace(/:[0-9]+$/, "")
    .replace(/\.$/, "")
    .toLowerCase();
  return { method, protocol, authority, host, uri, clientAddress };
}

/** Whether a request to this host is one to a host of a Route; `*.example.com` is one for all below it. */
export function isForHost(host: string, patternsOfHosts: readonly string[]): boolean {
  return patternsOfHosts.some((pattern) =>
    pattern.startsWith("*.") ? host.endsWith(pattern.slice(1)) : host === pattern,
  );
}

/** The value of a header that is there once; empty otherwise. */
function only(headers: RequestHeaders, name: string): string {
  const values = headers[name.toLowerCase()] ?? [];
  return values.length === 1 ? (values[0] ?? "") : "";
}

/** What is in front of it, earlier hops claim. */
function lastAddress(forwardedFor: string): string | undefined {
  const last = forwardedFor.split(",").at(-1)?.trim() ?? "";
  return isIP(last) > 0 ? last : undefined;
}
