import type { IncomingMessage, ServerResponse } from "node:http";
import { Problem, PROBLEM_MEDIA_TYPE, problemBody, unavailable } from "@datalayer/shared/http/problem";
import { requestId } from "@datalayer/shared/http/request-guard";
import { BodyTooLarge } from "./body.ts";
import { RuntimeGone } from "./runtime-link.ts";

/** Answers a request with a problem. */
export function refuse(request: IncomingMessage, response: ServerResponse, problem: Problem): void {
  const id = requestId(request);
  const body = Buffer.from(JSON.stringify(problemBody(problem, id)));
  response.writeHead(problem.status, {
    ...problem.headers,
    "content-type": PROBLEM_MEDIA_TYPE,
    "content-length": body.length,
    "cache-control": "no-store",
    "x-request-id": id,
  });
  response.end(request.method === "HEAD" ? undefined : body);
}

/** 400: the target could mean another path to somebody else. */
export function malformedPath(): Problem {
  return new Problem(400, {
    type: "malformed-path",
    title: "Malformed path",
    detail: "Send a plain absolute path: no host, no dot segments, no encoded slashes or control characters.",
  });
}

/** 404: nothing is served there. */
export function noRuntime(): Problem {
  return new Problem(404, {
    type: "runtime-not-found",
    title: "No such runtime",
    detail: "No runtime has this address: it has ended, or never was.",
  });
}

/** 403: the path is that of a pool. Whoever sees to it that a Route refuses strangers sees it by this. */
export function runtimeNotNamed(): Problem {
  return new Problem(403, {
    type: "runtime-not-named",
    detail: "The path names a pool and no runtime of it.",
  });
}

/** 503: the Route that the request came through is gone, refused, or another one by now, and Traefik has not read it. */
export function notLetIn(): Problem {
  return unavailable({
    type: "route-not-valid",
    detail: "The Route of this request lets it in no more, or not yet.",
    reason: "route-not-valid",
    retryAfterSeconds: 1,
  });
}

/** 503: the runtime exists and takes no requests. */
export function notReady(): Problem {
  return unavailable({
    type: "runtime-not-ready",
    detail: "The runtime takes no requests now: it starts, or ends.",
    reason: "runtime-not-ready",
    retryAfterSeconds: 1,
  });
}

/** 503: it is not known yet which runtimes exist. */
export function starting(): Problem {
  return unavailable({ detail: "The gateway is starting.", reason: "starting", retryAfterSeconds: 1 });
}

/** 503: too much is under way to one runtime. */
export function tooManyConnections(limit: number): Problem {
  return unavailable({
    type: "too-many-connections",
    detail: `More than ${limit} requests and WebSockets are under way to this runtime.`,
    reason: "too-many-connections",
    retryAfterSeconds: 1,
  });
}

/** 400: an upgrade to something else than a WebSocket, or a handshake that is none. */
export function badUpgrade(): Problem {
  return new Problem(400, {
    type: "bad-upgrade",
    detail: "Only WebSockets (RFC 6455, version 13) are served.",
  });
}

/** 405: it would show a client what the proxies before it have added. */
export function methodNotAllowed(): Problem {
  return new Problem(405, { detail: "TRACE is not served." });
}

const timeouts: readonly unknown[] = ["UND_ERR_CONNECT_TIMEOUT", "UND_ERR_HEADERS_TIMEOUT", "ETIMEDOUT"];

/** What to answer when there is no answer of the runtime. */
export function problemOf(error: unknown): Problem {
  if (error instanceof RuntimeGone) return notReady();
  if (error instanceof BodyTooLarge)
    return new Problem(413, { detail: "The body of the request is too large." });
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "UND_ERR_INVALID_ARG") return new Problem(400, { detail: "The request cannot be sent on." });
  if (timeouts.includes(code)) return new Problem(504, { detail: "The runtime did not answer in time." });
  return new Problem(502, { detail: "The runtime did not answer." });
}
