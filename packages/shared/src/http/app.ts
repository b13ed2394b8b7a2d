import type { IncomingMessage, ServerResponse } from "node:http";
import {
  fastify,
  type FastifyBaseLogger,
  type FastifyInstance,
  type onResponseHookHandler,
  type RawServerDefault,
} from "fastify";
import { serializerCompiler, type ZodTypeProvider } from "fastify-type-provider-zod";
import type { Registry } from "prom-client";
import { z } from "zod";
import type { Logger } from "../log/logger.ts";
import { requireApiKey, type ApiKeys } from "./api-key.ts";
import { answerProblems } from "./error-answers.ts";
import { serveHealth, type Health } from "./health.ts";
import { readJsonBodies } from "./json-body.ts";
import { measureRequests } from "./metrics.ts";
import { serveOpenApi } from "./openapi.ts";
import { echoRequestId, refuseAmbiguousPath, traceIdOf } from "./request-guard.ts";
import { serverOptions, type HttpLimits } from "./server-options.ts";
import { zodValidator } from "./validation.ts";

/** A Fastify app whose routes are typed by their zod schemas. */
export type App = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  ZodTypeProvider
>;

/** What an app is made of. */
export interface AppOptions {
  /** The controller's name, in `/version` and the OpenAPI document. */
  name: string;
  version: string;
  /** What the API is for, in the OpenAPI document. */
  description: string;
  /** Where the API lives: `/api/operator`. `/version` and `/openapi.json` below it need no key. */
  prefix: string;
  /** Where callers find the API, in the OpenAPI document. */
  servers?: readonly string[];
  /** What the tags of the routes stand for, in the OpenAPI document. */
  tags?: Readonly<Record<string, string>>;
  log: Logger;
  registry: Registry;
  apiKeys: ApiKeys;
  /** Serves `/livez` and `/readyz` on this port, too. */
  health?: Health;
  limits?: HttpLimits;
}

/**
 * Makes an app: validation by zod, OpenAPI 3.1, problems as RFC 9457, request ids, API keys, metrics.
 * Add routes to it, `config: { public: true }` for those without key, then `listen`.
 */
export async function createApp(options: AppOptions): Promise<App> {
  const { log, registry, prefix } = options;
  const app: App = fastify(serverOptions(log, options.limits)).withTypeProvider<ZodTypeProvider>();
  app.setValidatorCompiler(zodValidator);
  app.setSerializerCompiler(serializerCompiler);
  readJsonBodies(app);
  answerProblems(app, log);
  app.addHook("onRequest", echoRequestId);
  app.addHook("onRequest", refuseAmbiguousPath);
  app.addHook("onRequest", requireApiKey(options.apiKeys));
  app.addHook("onResponse", measureRequests(registry));
  app.addHook("onResponse", logRequests(log));
  const { name, version, description, servers, health } = options;
  const tags = { service: "The service itself.", ...options.tags };
  await serveOpenApi(app, { title: name, version, description, prefix, servers, tags });
  serveVersion(app, options);
  if (health) serveHealth(app, health);
  return app;
}

const versionSchema = z.object({
  success: z.literal(true),
  message: z.string(),
  name: z.string().describe("The controller that answers."),
  version: z.string(),
});

function serveVersion(app: App, { name, version, prefix }: AppOptions): void {
  app.get(
    `${prefix}/version`,
    {
      config: { public: true },
      schema: {
        operationId: "getVersion",
        summary: "Show the running version",
        description: "Needs no key: probes call it.",
        tags: ["service"],
        security: [],
        response: { 200: versionSchema },
      },
    },
    () => ({ success: true as const, message: `${name} ${version}`, name, version }),
  );
}

/** One debug line per request. The URL is left out: its query may hold what should not be logged. */
function logRequests(log: Logger): onResponseHookHandler {
  return (request, reply, done) => {
    if (log.isDebugEnabled()) {
      log.debug("Answered", {
        request_id: request.id,
        trace_id: traceIdOf(request),
        method: request.method,
        route: request.routeOptions.url,
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime),
      });
    }
    done();
  };
}
