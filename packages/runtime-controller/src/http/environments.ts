import type { App } from "@datalayer/shared/http/app";
import { pageAnswer, pageQuery, type Pages } from "@datalayer/shared/http/pages";
import { notFound } from "@datalayer/shared/http/problem";
import type { RuntimeContent } from "@datalayer/shared/crds/runtime-content";
import type { RuntimeEnvironment } from "@datalayer/shared/crds/runtime-environment";
import type { ObjectReader } from "@datalayer/shared/kube/object-reader";
import type { RestClient } from "@datalayer/shared/kube/rest";
import { z } from "zod";
import { contentsBody, etagOf, replaceContents } from "./environment-contents.ts";
import { environmentView, environmentViewOf, type EnvironmentViewOptions } from "./environment-view.ts";
import { envelope, keyOf, namespaceQuery, runtimeView } from "./schemas.ts";
import { type HomeLookup, shownRuntimes } from "./shown-homes.ts";
import { type RuntimeViewOptions, viewOfShown } from "./views.ts";

/** What the routes of environments work with. */
export interface EnvironmentRoutesOptions extends EnvironmentViewOptions, RuntimeViewOptions, HomeLookup {
  client: RestClient;
  environments: ObjectReader<RuntimeEnvironment>;
  /** With the index of `contentIndexes`. */
  contents: ObjectReader<RuntimeContent>;
  pages: Pages;
}

const tags = ["environments"];
const byName = z.object({ name: z.string().max(253).describe("Name of the environment.") });
const byUid = z.object({ uid: z.string().max(253).describe("Uid of the environment, or its name.") });
const oneEnvironment = z.object({ ...envelope, environment: environmentView });
const conditionalHeaders = z.object({
  "if-match": z
    .string()
    .max(128)
    .optional()
    .describe("An ETag of this environment: nothing is changed when its spec is another by now."),
});

/** Adds `/environments`. */
export function serveEnvironments(app: App, prefix: string, options: EnvironmentRoutesOptions): void {
  const { environments, pages } = options;

  app.get(
    `${prefix}/environments`,
    {
      schema: {
        operationId: "listEnvironments",
        summary: "List the environments",
        tags,
        querystring: namespaceQuery.extend(pageQuery),
        response: { 200: z.object({ ...envelope, environments: z.array(environmentView), ...pageAnswer }) },
      },
    },
    ({ query }) => {
      const list = ["environments", query.namespace];
      const page = pages.of(environments.list(query.namespace), { ...query, list, keyOf });
      return {
        success: true as const,
        message: `${page.items.length} environments`,
        environments: page.items.map((environment) => environmentViewOf(environment, options)),
        continue: page.continue,
      };
    },
  );

  app.get(
    `${prefix}/environments/:name`,
    {
      schema: {
        operationId: "getEnvironment",
        summary: "Show an environment",
        tags,
        params: byName,
        querystring: namespaceQuery,
        response: { 200: oneEnvironment },
        answerHeaders: { 200: ["etag"] },
      },
    },
    ({ params, query }, reply) => {
      const environment = find(params.name, query.namespace, options);
      reply.header("etag", etagOf(environment));
      return {
        success: true as const,
        message: "Environment found.",
        environment: environmentViewOf(environment, options),
      };
    },
  );

  app.put(
    `${prefix}/environments/:name/contents`,
    {
      schema: {
        operationId: "setEnvironmentContents",
        summary: "Replace the contents of an environment",
        tags,
        params: byName,
        querystring: namespaceQuery,
        headers: conditionalHeaders,
        body: contentsBody,
        response: { 200: oneEnvironment },
        answerHeaders: { 200: ["etag"] },
        problems: [412],
      },
    },
    async ({ params, query, headers, body }, reply) => {
      const environment = find(params.name, query.namespace, options);
      const ifMatch = headers["if-match"];
      const changed = await replaceContents(environment, { ...body, ifMatch }, options);
      environments.recordWrite(changed);
      reply.header("etag", etagOf(changed));
      const message = `Environment ${params.name} has ${body.contents.length} contents; its pools roll.`;
      return { success: true as const, message, environment: environmentViewOf(changed, options) };
    },
  );

  app.get(
    `${prefix}/environments/:uid/runtimes`,
    {
      schema: {
        operationId: "listEnvironmentRuntimes",
        summary: "List the runtimes that users have of an environment",
        tags,
        params: byUid,
        querystring: namespaceQuery.extend(pageQuery),
        response: { 200: z.object({ ...envelope, runtimes: z.array(runtimeView), ...pageAnswer }) },
      },
    },
    async ({ params, query }) => {
      const { name, namespace, uid } = find(params.uid, query.namespace, options).metadata;
      const shown = shownRuntimes(options).filter(
        ({ runtime }) => runtime.environment === name && runtime.namespace === namespace,
      );
      const list = ["runtimes of", uid];
      const page = pages.of(shown, { ...query, list, keyOf: ({ runtime }) => runtime.name });
      const views = await Promise.all(page.items.map((each) => viewOfShown(each, options)));
      return {
        success: true as const,
        message: `${views.length} runtimes`,
        runtimes: views,
        continue: page.continue,
      };
    },
  );
}

/** The environment of this name or uid. @throws Problem 404 when there is none. */
function find(
  nameOrUid: string,
  namespace: string | undefined,
  { environments }: EnvironmentRoutesOptions,
): RuntimeEnvironment {
  const all = environments.list(namespace);
  const found = all.find(({ metadata }) => metadata.name === nameOrUid || metadata.uid === nameOrUid);
  if (!found) throw notFound(`no environment is named "${nameOrUid}"`);
  return found;
}
