import type { FastifyHttpOptions } from "fastify";
import type { Server } from "node:http";
import { answerBrokenConnection, sendProblem, toProblem } from "./error-answers.ts";
import { requestId } from "./request-guard.ts";
import type { Logger } from "../log/logger.ts";

/** What a client may cost. Anyone who reaches the port can try these, so none is unlimited. */
export interface HttpLimits {
  /** 1 MiB by default, as the API server's own objects. */
  bodyBytes?: number;
  /** From the connection to the last header; 10 s by default. */
  headersTimeoutMs?: number;
  /** From the connection to the last byte of the body; 30 s by default. */
  requestTimeoutMs?: number;
}

/** How long an idle connection is kept: longer than usual proxies, so that they close first. */
const KEEP_ALIVE_MS = 75_000;
const MAX_HEADER_BYTES = 16 * 1024;
/** Longest path parameter: the longest name of a Kubernetes object. */
const MAX_PARAM_LENGTH = 253;
/** How often Node looks for connections past their time-outs; its default of 30 s would add as much. */
const CHECK_CONNECTIONS_MS = 500;

/** The Fastify options every app shares. */
export function serverOptions(log: Logger, limits: HttpLimits = {}): FastifyHttpOptions<Server> {
  return {
    // The log lines of an app are written by its own hooks: one per request, in our logger's form.
    logger: false,
    bodyLimit: limits.bodyBytes ?? 1024 * 1024,
    requestTimeout: limits.requestTimeoutMs ?? 30_000,
    keepAliveTimeout: KEEP_ALIVE_MS,
    maxRequestsPerSocket: 0,
    forceCloseConnections: "idle",
    // A request that slips in while the app drains is served, not refused; then its connection is closed.
    return503OnClosing: false,
    onProtoPoisoning: "error",
    onConstructorPoisoning: "error",
    requestIdHeader: false,
    genReqId: requestId,
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
    clientErrorHandler: answerBrokenConnection,
    frameworkErrors: (error, request, reply) => {
      void sendProblem(reply.header("x-request-id", request.id), toProblem(error, request, log));
    },
    http: {
      headersTimeout: limits.headersTimeoutMs ?? 10_000,
      maxHeaderSize: MAX_HEADER_BYTES,
      connectionsCheckingInterval: CHECK_CONNECTIONS_MS,
    },
  };
}
