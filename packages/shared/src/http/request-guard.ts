import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { onRequestHookHandler } from "fastify";
import { Problem } from "./problem.ts";

const SANE_ID = /^[\w.-]{1,128}$/;

/** The caller's `X-Request-Id` where it is fit for a log line, else a new one. */
export function requestId(request: IncomingMessage): string {
  const given = request.headers["x-request-id"];
  return typeof given === "string" && SANE_ID.test(given) ? given : randomUUID();
}

/** Tells the caller under which id to find the request in the logs. */
export const echoRequestId: onRequestHookHandler = (request, reply, done) => {
  void reply.header("x-request-id", request.id);
  done();
};

/**
 * Whether the path of a URL is one that proxies and servers read differently: an absolute URI, `.` and `..` segments,
 * encoded slashes and control characters. What a proxy let through under one reading must not mean another here.
 */
export function isAmbiguousPath(url: string): boolean {
  const path = url.split(/[?#]/, 1)[0] ?? "";
  const segments = path.replaceAll(/%2e/gi, ".").split("/");
  return (
    !path.startsWith("/") ||
    /%(2f|5c|7f|[01][0-9a-f])|\\/i.test(path) ||
    segments.some((segment) => segment === "." || segment === "..")
  );
}

/** Refuses paths that are ambiguous. */
export const refuseAmbiguousPath: onRequestHookHandler = (request, _reply, done) => {
  done(isAmbiguousPath(request.raw.url ?? "") ? malformedPath() : undefined);
};

function malformedPath(): Problem {
  return new Problem(400, {
    type: "malformed-path",
    title: "Malformed path",
    detail: "Send a plain absolute path: no host, no dot segments, no encoded slashes or control characters.",
  });
}

const TRACE_PARENT = /^[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/** The id of the trace that a request is part of, by its W3C `traceparent`; undefined without a valid one. */
export function traceIdOf({ headers }: Pick<IncomingMessage, "headers">): string | undefined {
  const given = headers["traceparent"];
  return typeof given === "string" ? TRACE_PARENT.exec(given)?.[1] : undefined;
}
