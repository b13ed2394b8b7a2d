import type { App } from "@datalayer/shared/http/app";
import type { RuntimeEnvironment } from "@datalayer/shared/crds/runtime-environment";
import type { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import type { ObjectReader } from "@datalayer/shared/kube/object-reader";
import { z } from "zod";
import { envelope, environmentView, namespaceQuery } from "./schemas.ts";
import { environmentViewOf } from "./views.ts";

/** What the routes of environments read. */
export interface EnvironmentRoutesOptions {
  environments: ObjectReader<RuntimeEnvironment>;
  pools: ObjectReader<RuntimePool>;
}

/** Adds `/environments`. */
export function serveEnvironments(app: App, prefix: string, options: EnvironmentRoutesOptions): void {
  const { environments, pools } = options;
  const response = z.object({ ...envelope, environments: z.array(environmentView) });
  app.get(
    `${prefix}/environments`,
    {
      schema: {
        operationId: "listEnvironments",
        summary: "List the environments",
        tags: ["environments"],
        querystring: namespaceQuery,
        response: { 200: response },
      },
    },
    ({ query }) => {
      const views = environments.list(query.namespace).map((one) => environmentViewOf(one, pools.list()));
      return { success: true as const, message: `${views.length} environments`, environments: views };
    },
  );
}
