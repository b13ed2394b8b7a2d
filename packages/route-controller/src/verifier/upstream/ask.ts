import type { Dispatcher } from "undici";
import { identityHeader } from "../address.ts";
import type { ForwardedRequest } from "../forwarded-request.ts";
import { forbidden, unauthenticated, undecided, type Verdict } from "../verdict.ts";
import { get, type GetAnswer } from "./get.ts";

/** A service that is asked about a request. */
export interface Upstream {
  url: string;
  /** The field of `spec.auth` that names it. */
  field: "platform" | "forward";
  /** Headers of its answer that the target receives. */
  responseHeaders: readonly string[];
  dispatcher: Dispatcher;
}

const timeoutMs = 3_000;
const longestBodyBytes = 64 * 1024;

/**
 * Asks a service whether a request may pass. 2xx lets it in; 401 and redirects to a sign-in refuse these credentials;
 * 403 refuses all. Any other answer, or none within 3 s, is no decision, and so nobody passes.
 */
export async function askUpstream(
  upstream: Upstream,
  { forwarded, credentials }: { forwarded: ForwardedRequest; credentials: Readonly<Record<string, string>> },
): Promise<Verdict> {
  const headers = { ...credentials, ...describing(forwarded) };
  const { dispatcher } = upstream;
  const answer = await get(upstream.url, { dispatcher, headers, timeoutMs, longestBodyBytes }).catch(
    () => undefined,
  );
  return answer ? verdictOf(answer, upstream) : undecided("upstream-unavailable");
}

function describing(forwarded: ForwardedRequest): Record<string, string> {
  return {
    "x-forwarded-method": forwarded.method,
    "x-forwarded-proto": forwarded.protocol,
    "x-forwarded-host": forwarded.authority,
    "x-forwarded-uri": forwarded.uri,
    "x-forwarded-for": forwarded.clientAddress,
  };
}

function verdictOf(answer: GetAnswer, { field, responseHeaders }: Upstream): Verdict {
  const { status, headers } = answer;
  if (status >= 200 && status < 300) {
    const named = responseHeaders.flatMap((name) => {
      const value = answeredValue(headers[name.toLowerCase()]);
      return value === undefined ? [] : [[name, value]];
    });
    return {
      kind: "allowed",
      headers: { [identityHeader.method]: field, ...(Object.fromEntries(named) as Record<string, string>) },
    };
  }
  if (status === 403) return forbidden("refused-upstream");
  if (status === 401 || (status >= 300 && status < 400)) {
    const challenge = answeredValue(headers["www-authenticate"]);
    return unauthenticated("refused-upstream", challenge ?? "Bearer");
  }
  return undecided("upstream-unavailable");
}

/** Once, and visible ASCII: then it is passed on as it is. */
function answeredValue(value: string | string[] | undefined): string | undefined {
  return typeof value === "string" && /^[ -~]*$/.test(value) ? value : undefined;
}
