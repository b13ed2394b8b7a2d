import swagger from "@fastify/swagger";
import type { FastifyInstance, FastifySchema } from "fastify";
import { jsonSchemaTransform } from "fastify-type-provider-zod";
import { problemSchema } from "./problem.ts";

/** What the document says of the API as a whole. */
export interface ApiInfo {
  title: string;
  version: string;
  description: string;
  /** Served at `<prefix>/openapi.json`. */
  prefix: string;
}

type Transform = typeof jsonSchemaTransform;

/** Describes every route added after it as OpenAPI 3.1, from the schemas that validate the requests. */
export async function serveOpenApi(app: FastifyInstance, info: ApiInfo): Promise<void> {
  const { title, version, description, prefix } = info;
  await app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: { title, version, description },
      components: {
        securitySchemes: { apiKey: { type: "apiKey", in: "header", name: "X-API-Key" } },
      },
      security: [{ apiKey: [] }],
    },
    transform: withProblems,
  });
  app.get(`${prefix}/openapi.json`, { config: { public: true }, schema: { hide: true } }, () =>
    app.swagger(),
  );
}

/** Every route may answer with a problem; saying so once keeps it out of each route. */
const withProblems: Transform = (document) => {
  // Typed as always there; a route without schema has none.
  const schema = document.schema as FastifySchema | undefined;
  const problem = {
    description: "The request was refused or failed.",
    content: { "application/problem+json": { schema: problemSchema } },
  };
  const response = { ...(schema?.response as object | undefined), default: problem };
  return jsonSchemaTransform({ ...document, schema: { ...schema, response } });
};
