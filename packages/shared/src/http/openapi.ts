import swagger from "@fastify/swagger";
import type { FastifyInstance, FastifySchema } from "fastify";
import { jsonSchemaTransform, jsonSchemaTransformObject } from "fastify-type-provider-zod";
import { type AnswerHeaders, completeDocument, type OpenApiDocument } from "./openapi-document.ts";

declare module "fastify" {
  interface FastifySchema {
    /** Statuses of the problems that only this route has: 409, 410 ... Those that any such route has are known. */
    problems?: readonly number[];
    /** Headers of its own that the answers with these statuses may have. */
    answerHeaders?: AnswerHeaders;
  }
}

/** What the document says of the API as a whole. */
export interface ApiInfo {
  title: string;
  version: string;
  description: string;
  /** Served at `<prefix>/openapi.json`. */
  prefix: string;
  /** Where callers find the API, such as the URL of its Service. */
  servers?: readonly string[];
  /** What the tags of the routes stand for. */
  tags?: Readonly<Record<string, string>>;
}

const license = { name: "Apache-2.0", identifier: "Apache-2.0" };

/** Describes every route added after it as OpenAPI 3.1, from the schemas that validate the requests. */
export async function serveOpenApi(app: FastifyInstance, info: ApiInfo): Promise<void> {
  const { title, version, description, prefix, servers = [], tags = {} } = info;
  await app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: { title, version, description, license },
      servers: servers.map((url) => ({ url })),
      tags: Object.entries(tags).map(([name, meaning]) => ({ name, description: meaning })),
      components: {
        securitySchemes: {
          apiKey: {
            type: "apiKey",
            in: "header",
            name: "X-API-Key",
            description: "The key of the operator, or the previous one while it is being replaced.",
          },
        },
      },
      security: [{ apiKey: [] }],
    },
    transform: markProblems,
    transformObject: (document) => completeDocument(jsonSchemaTransformObject(document) as OpenApiDocument),
  });
  app.get(`${prefix}/openapi.json`, { config: { public: true }, schema: { hide: true } }, () =>
    app.swagger(),
  );
}

/** The document is completed when all routes are in; until then a route's own problems and headers wait in extensions. */
const markProblems: typeof jsonSchemaTransform = (document) => {
  // Typed as always there; a route without schema has none.
  const {
    problems = [],
    answerHeaders = {},
    ...schema
  } = (document.schema as FastifySchema | undefined) ?? {};
  const marked = { ...schema, "x-problems": problems, "x-answer-headers": answerHeaders };
  return jsonSchemaTransform({ ...document, schema: marked });
};
