import type { Route } from "@datalayer/shared/crds/route";
import type { App } from "@datalayer/shared/http/app";
import { pageAnswer, pageQuery, type Pages } from "@datalayer/shared/http/pages";
import { notFound } from "@datalayer/shared/http/problem";
import { keyOf } from "@datalayer/shared/kube/object";
import type { ObjectReader } from "@datalayer/shared/kube/object-reader";
import { z } from "zod";
import { envelope, namespaceQuery, routeDetail, routeParams, routeView } from "./schemas.ts";
import { detailOf, viewOf } from "./views.ts";

/** What the routes of Routes work with. */
export interface RouteRoutesOptions {
  routes: ObjectReader<Route>;
  pages: Pages;
}

/** Adds `/routes`. */
export function serveRoutes(app: App, prefix: string, { routes, pages }: RouteRoutesOptions): void {
  app.get(
    `${prefix}/routes`,
    {
      schema: {
        operationId: "listRoutes",
        summary: "List the Routes, and whether they are ready",
        tags: ["routes"],
        querystring: namespaceQuery.extend(pageQuery),
        response: { 200: z.object({ ...envelope, routes: z.array(routeView), ...pageAnswer }) },
      },
    },
    ({ query }) => {
      const list = ["routes", query.namespace];
      const byName = ({ metadata }: Route) => keyOf(metadata);
      const page = pages.of(routes.list(query.namespace), { ...query, list, keyOf: byName });
      return {
        success: true as const,
        message: `${page.items.length} Routes`,
        routes: page.items.map(viewOf),
        continue: page.continue,
      };
    },
  );

  app.get(
    `${prefix}/routes/:namespace/:name`,
    {
      schema: {
        operationId: "getRoute",
        summary: "Show a Route, and explain it",
        description: "Says in plain language what was made of it, and why it is not ready.",
        tags: ["routes"],
        params: routeParams,
        response: { 200: z.object({ ...envelope, route: routeDetail }) },
      },
    },
    ({ params }) => {
      const route = routes.get(params);
      if (!route) throw notFound(`no Route is named "${params.name}" in namespace ${params.namespace}`);
      const detail = detailOf(route);
      return { success: true as const, message: detail.explanation.readiness, route: detail };
    },
  );
}
