import type { IncomingHttpHeaders } from "node:http";
import type { Answer } from "./acts.ts";

/** Headers that concern one connection only, and those that the sender of a complete body sets itself. */
const hopByHop = new Set([
  "connection",
  "content-length",
  "expect",
  "host",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** The request headers to pass on, in the flat form in which Node keeps them. */
export function endToEndHeaders(rawHeaders: readonly string[]): string[] {
  const kept: string[] = [];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const [name = "", value = ""] = rawHeaders.slice(index, index + 2);
    if (!hopByHop.has(name.toLowerCase())) kept.push(name, value);
  }
  return kept;
}

/** The response headers to pass on; the length stays, the body is passed on unchanged. */
export function endToEnd(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const kept = Object.entries(headers).filter(([name]) => name === "content-length" || !hopByHop.has(name));
  return Object.fromEntries(kept);
}

/** `reason` of a Status object by HTTP status, as the API server words it. */
const reasons: Readonly<Record<number, string>> = {
  400: "BadRequest",
  401: "Unauthorized",
  403: "Forbidden",
  404: "NotFound",
  409: "Conflict",
  410: "Expired",
  422: "Invalid",
  429: "TooManyRequests",
  500: "InternalError",
  503: "ServiceUnavailable",
  504: "Timeout",
};

/** The HTTP form of an answer in place of the API server's. */
export function answerOf(act: Answer): { headers: Record<string, string>; body: string } {
  const retryAfter: Record<string, string> =
    act.retryAfter === undefined ? {} : { "retry-after": String(act.retryAfter) };
  if (act.body !== undefined)
    return { headers: { "content-type": "text/plain", ...retryAfter }, body: act.body };
  return {
    headers: { "content-type": "application/json", ...retryAfter },
    body: JSON.stringify(statusOf(act)),
  };
}

function statusOf({ status, reason, message, retryAfter }: Answer): object {
  return {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message: message ?? `answered ${status} by the fault proxy`,
    reason: reason ?? reasons[status] ?? "Unknown",
    details: typeof retryAfter === "number" ? { retryAfterSeconds: retryAfter } : {},
    code: status,
  };
}
