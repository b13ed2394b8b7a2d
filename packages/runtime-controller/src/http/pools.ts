import type { App } from "@datalayer/shared/http/app";
import { conditionView } from "@datalayer/shared/http/condition";
import { pageAnswer, pageQuery, type Pages } from "@datalayer/shared/http/pages";
import { notFound } from "@datalayer/shared/http/problem";
import { ApiError } from "@datalayer/shared/kube/api-error";
import { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import type { ObjectReader } from "@datalayer/shared/kube/object-reader";
import type { RestClient } from "@datalayer/shared/kube/rest";
import { z } from "zod";
import { countRuntimes } from "../runtime-pool/counts.ts";
import type { Runtimes } from "../runtime/runtimes.ts";
import { envelope, keyOf, namespaceQuery, poolNameParams, poolView, sizeBody } from "./schemas.ts";

/** What the routes of pools work with. */
export interface PoolRoutesOptions {
  client: RestClient;
  pools: ObjectReader<RuntimePool>;
  runtimes: Runtimes;
  pages: Pages;
}

/** Adds `/pools`. */
export function servePools(app: App, prefix: string, options: PoolRoutesOptions): void {
  const { client, pools, runtimes, pages } = options;

  app.get(
    `${prefix}/pools`,
    {
      schema: {
        operationId: "listPools",
        summary: "List the pools and their counts",
        tags: ["pools"],
        querystring: namespaceQuery.extend(pageQuery),
        response: { 200: z.object({ ...envelope, pools: z.array(poolView), ...pageAnswer }) },
      },
    },
    ({ query }) => {
      const list = ["pools", query.namespace];
      const page = pages.of(pools.list(query.namespace), { ...query, list, keyOf });
      const views = page.items.map((pool) => viewOf(pool, runtimes));
      return {
        success: true as const,
        message: `${views.length} pools`,
        pools: views,
        continue: page.continue,
      };
    },
  );

  app.post(
    `${prefix}/pools/:name/size`,
    {
      schema: {
        operationId: "setPoolSize",
        summary: "Set the size of a pool",
        tags: ["pools"],
        params: poolNameParams,
        querystring: namespaceQuery,
        body: sizeBody,
        response: { 200: z.object({ ...envelope, pool: poolView }) },
      },
    },
    async ({ params, query, body }) => {
      const pool = pools.list(query.namespace).find(({ metadata }) => metadata.name === params.name);
      const resized = pool && (await resize(pool, body.size, client));
      if (!resized) throw notFound(`no runtime pool is named "${params.name}"`);
      pools.recordWrite(resized);
      const message = `Pool ${params.name} will keep ${body.size} runtimes available.`;
      return { success: true as const, message, pool: viewOf(resized, runtimes) };
    },
  );
}

/** Sets the size; undefined when the pool is gone, or another one of that name is in its place. */
async function resize(
  { metadata }: RuntimePool,
  size: number,
  client: RestClient,
): Promise<RuntimePool | undefined> {
  try {
    return await client.patch(RuntimePool, metadata, [
      { op: "test", path: "/metadata/uid", value: metadata.uid },
      { op: "add", path: "/spec/size", value: size },
    ]);
  } catch (error) {
    if (error instanceof ApiError && (error.isNotFound || error.isPatchRefused)) return undefined;
    throw error;
  }
}

function viewOf(pool: RuntimePool, runtimes: Runtimes): z.infer<typeof poolView> {
  const { name, namespace = "" } = pool.metadata;
  return {
    name,
    namespace,
    environment_name: pool.spec.environment ?? null,
    ...countRuntimes(pool, runtimes.ofPool(pool.metadata)),
    conditions: (pool.status?.conditions ?? []).map(conditionView),
  };
}
