import { fastify, type FastifyInstance } from "fastify";
import type { Registry } from "prom-client";
import type { Logger } from "../log/logger.ts";
import { answerProblems } from "./error-answers.ts";
import { serveHealth, type Health } from "./health.ts";
import { echoRequestId } from "./request-guard.ts";
import { serverOptions } from "./server-options.ts";

/** What the operations port serves. */
export interface OpsAppOptions {
  log: Logger;
  health: Health;
  registry: Registry;
}

/**
 * Makes the small app for those who run the process: `/livez`, `/readyz`, `/metrics`, without key, on a port of
 * its own that the Service of the business API does not offer.
 */
export function createOpsApp({ log, health, registry }: OpsAppOptions): FastifyInstance {
  const app = fastify(serverOptions(log));
  answerProblems(app, log);
  app.addHook("onRequest", echoRequestId);
  serveHealth(app, health);
  app.get("/metrics", async (_request, reply) => {
    return reply.header("content-type", registry.contentType).send(await registry.metrics());
  });
  return app;
}
