import type { App } from "@datalayer/shared/http/app";
import { pageAnswer, pageQuery, type Pages } from "@datalayer/shared/http/pages";
import { notImplemented } from "@datalayer/shared/http/problem";
import { ApiError } from "@datalayer/shared/kube/api-error";
import { deleteIfThere } from "@datalayer/shared/kube/delete-if-there";
import { Pod } from "@datalayer/shared/kube/kinds";
import { keyOf } from "@datalayer/shared/kube/object";
import { z } from "zod";
import { endRuntime } from "../end-of-life/end-runtime.ts";
import { deleted } from "../end-of-life/usage.ts";
import type { AssignedRuntime } from "../runtime/runtime.ts";
import { findRuntime, type RuntimeLookup } from "./find-runtime.ts";
import { endHome, type LaunchOptions, updateHome } from "./runtime-homes.ts";
import { etagOf, updateHeaders, updateRuntime } from "./runtime-update.ts";
import { envelope, oneRuntime, podNameParams, runtimeView, updateBody } from "./schemas.ts";
import { refuseSnapshot } from "./snapshot.ts";
import { findShownHome, hasHome, shownRuntimes } from "./shown-homes.ts";
import { answer, answerHome, type RuntimeViewOptions, viewOfShown } from "./views.ts";

/** What the routes of runtimes work with. */
export interface RuntimeRoutesOptions
  extends RuntimeViewOptions, RuntimeLookup, Pick<LaunchOptions, "homes"> {
  pages: Pages;
}

const endQuery = z.object({
  reason: z.string().max(256).optional().describe("Why, in the caller's words; usage repeats it."),
});
const filters = z.object({
  user_uid: z.string().max(63).optional().describe("Only those of this user."),
  environment_name: z.string().max(253).optional().describe("Only those of this environment."),
});

/** Adds `/runtimes`, but for the claim of one. */
export function serveRuntimes(app: App, prefix: string, options: RuntimeRoutesOptions): void {
  const { pages } = options;

  app.get(
    `${prefix}/runtimes`,
    {
      schema: {
        operationId: "listRuntimes",
        summary: "List the runtimes that users have",
        tags: ["runtimes"],
        querystring: filters.extend(pageQuery),
        response: { 200: z.object({ ...envelope, runtimes: z.array(runtimeView), ...pageAnswer }) },
      },
    },
    async ({ query }) => {
      const shown = shownRuntimes(options).filter(({ runtime }) => matches(runtime, query));
      const list = ["runtimes", query.user_uid, query.environment_name];
      const page = pages.of(shown, { ...query, list, keyOf: ({ runtime }) => keyOf(runtime) });
      const views = await Promise.all(page.items.map((each) => viewOfShown(each, options)));
      return {
        success: true as const,
        message: `${views.length} runtimes`,
        runtimes: views,
        continue: page.continue,
      };
    },
  );

  app.get(
    `${prefix}/runtimes/:pod_name`,
    {
      schema: {
        operationId: "getRuntime",
        summary: "Show a runtime",
        tags: ["runtimes"],
        params: podNameParams,
        response: { 200: oneRuntime },
        answerHeaders: { 200: ["etag"] },
      },
    },
    async ({ params }, reply) => {
      const home = await findShownHome(params.pod_name, options);
      const runtime = home?.runtime ?? (await findRuntime(params.pod_name, options));
      reply.header("etag", etagOf(runtime));
      if (home) return answerHome("Runtime found.", home, options);
      return answer("Runtime found.", runtime, options);
    },
  );

  app.put(
    `${prefix}/runtimes/:pod_name`,
    {
      schema: {
        operationId: "updateRuntime",
        summary: "Rename a runtime or change its credits",
        tags: ["runtimes"],
        params: podNameParams,
        headers: updateHeaders,
        body: updateBody,
        response: { 200: oneRuntime },
        answerHeaders: { 200: ["etag"] },
        problems: [409, 412, 501],
      },
    },
    async ({ params, headers, body }, reply) => {
      refuseUnchangeable(body);
      const change = { ...body, ifMatch: headers["if-match"] };
      const message = `Runtime ${params.pod_name} is updated.`;
      const home = await findShownHome(params.pod_name, options);
      if (home) {
        const updated = await updateHome(home, change, options);
        reply.header("etag", etagOf(updated.runtime));
        return answerHome(message, updated, options);
      }
      const runtime = await findRuntime(params.pod_name, options);
      const updated = await updateRuntime(runtime, change, options.client);
      reply.header("etag", etagOf(updated));
      return answer(message, updated, options);
    },
  );

  app.delete(
    `${prefix}/runtimes/:pod_name`,
    {
      schema: {
        operationId: "endRuntime",
        summary: "End a runtime",
        tags: ["runtimes"],
        params: podNameParams,
        querystring: endQuery,
        response: { 200: z.object(envelope) },
      },
    },
    async ({ params, query }) => {
      if (await hasHome(params.pod_name, options)) return endHome(params.pod_name, query.reason, options);
      const runtime = await findRuntime(params.pod_name, options);
      await endForUser(runtime, query.reason, options);
      return { success: true as const, message: `Runtime ${runtime.name} ends.` };
    },
  );
}

/** What published clients may ask of a runtime and no running Pod can get. @throws Problem 501 */
function refuseUnchangeable({ from, capabilities = [] }: z.infer<typeof updateBody>): void {
  refuseSnapshot(from);
  const [capability] = capabilities;
  if (capability === undefined) return;
  const detail = `capabilities cannot be given to a runtime that is there; claim one with "${capability}"`;
  throw notImplemented(detail);
}

function matches(runtime: AssignedRuntime, wanted: z.infer<typeof filters>): boolean {
  return (
    (wanted.user_uid === undefined || runtime.assignment.userUid === wanted.user_uid) &&
    (wanted.environment_name === undefined || runtime.environment === wanted.environment_name)
  );
}

/** Who ends a runtime that ends already is content with that. */
async function endForUser(
  runtime: AssignedRuntime,
  detail: string | undefined,
  { client }: RuntimeRoutesOptions,
): Promise<void> {
  // Without a word it is one write: the reason of a Pod that was just deleted is "Deleted" anyway.
  if (detail === undefined) return deleteIfThere(client, Pod, runtime);
  await endRuntime(client, runtime, { reason: deleted, detail }).catch(async (error: unknown) => {
    if (!(error instanceof ApiError && error.isPatchRefused)) throw error;
    await deleteIfThere(client, Pod, runtime);
  });
}
