import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import type { ConnectionError, FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Logger } from "../log/logger.ts";
import { Problem, PROBLEM_MEDIA_TYPE, problemBody } from "./problem.ts";
import { traceIdOf } from "./request-guard.ts";
import { RouteTable } from "./route-table.ts";

/** Writes every error of the app as a problem; must be called before routes are added. */
export function answerProblems(app: FastifyInstance, log: Logger): void {
  const routes = new RouteTable();
  app.addHook("onRoute", (route) => routes.add(route.url, route.method));
  app.setErrorHandler((error, request, reply) => sendProblem(reply, toProblem(error, request, log)));
  app.setNotFoundHandler((request, reply) => sendProblem(reply, unmatched(request, routes)));
}

/** Sends a problem, as text, so that no response schema can cut it. */
export function sendProblem(reply: FastifyReply, problem: Problem): FastifyReply {
  return reply
    .code(problem.status)
    .headers(problem.headers)
    .header("content-type", PROBLEM_MEDIA_TYPE)
    .send(JSON.stringify(problemBody(problem, reply.request.id)));
}

/** What a client may know of an error. Ours pass; Fastify's 4xx say what they are; the rest is a logged 500. */
export function toProblem(error: unknown, request: FastifyRequest, log: Logger): Problem {
  if (error instanceof Problem) return error;
  const { statusCode, code, message } = (error ?? {}) as Partial<Record<string, unknown>>;
  if (typeof statusCode === "number" && statusCode >= 400 && statusCode < 500) {
    return new Problem(statusCode, { detail: detailOf(String(code), String(message)), cause: error });
  }
  log.error("A request failed", {
    error,
    request_id: request.id,
    trace_id: traceIdOf(request),
    method: request.method,
    route: request.routeOptions.url,
  });
  return new Problem(500, { detail: "The request failed; the log has the reason under this request id." });
}

/** What to do about an error of Fastify's; the messages of others may quote what nobody else shall see. */
function detailOf(code: string, message: string): string | undefined {
  return adviceOn[code] ?? (code.startsWith("FST_ERR_") ? message : undefined);
}

const adviceOn: Record<string, string> = {
  FST_ERR_BAD_URL: "Send a path whose percent-encoding can be read.",
  FST_ERR_CTP_BODY_TOO_LARGE: "Send a smaller body: 1 MiB at most, unless the operation says less.",
  FST_ERR_CTP_INVALID_MEDIA_TYPE: "Send the body as application/json.",
  FST_ERR_MAX_PARAM_LENGTH: "Send no more than 253 characters in one part of the path.",
};

function unmatched(request: FastifyRequest, routes: RouteTable): Problem {
  const path = request.url.split("?", 1)[0] ?? "";
  const allowed = routes.methodsOf(path);
  if (allowed.length === 0) return new Problem(404, { detail: `There is nothing at ${path.slice(0, 200)}.` });
  const allow = allowed.join(", ");
  return new Problem(405, {
    detail: `${request.method} is not possible here; ${allow} would be.`,
    headers: { allow },
  });
}

/** Answers what is no request at all: bytes that do not parse, headers too large, a client too slow. */
export function answerBrokenConnection(error: ConnectionError, socket: Socket): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const { status, detail } = brokenBy[error.code] ?? {
    status: 400,
    detail: "This is not a request that HTTP knows.",
  };
  const body = JSON.stringify(problemBody(new Problem(status, { detail }), "none"));
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}`,
    `Content-Type: ${PROBLEM_MEDIA_TYPE}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    "Connection: close",
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`, () => socket.destroy());
}

const brokenBy: Record<string, { status: number; detail: string }> = {
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, detail: "The request took too long to arrive." },
  HPE_HEADER_OVERFLOW: { status: 431, detail: "Send headers of 16 KiB at most, all together." },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: { status: 413, detail: "Send chunks without extensions." },
};
