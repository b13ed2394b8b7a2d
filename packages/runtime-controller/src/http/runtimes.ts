import { createHash } from "node:crypto";
import type { App } from "@datalayer/shared/http/app";
import { notFound, Problem } from "@datalayer/shared/http/problem";
import { ApiError } from "@datalayer/shared/kube/api-error";
import { Pod } from "@datalayer/shared/kube/kinds";
import { z } from "zod";
import type { Abandoner } from "../claim/abandoner.ts";
import type { Claimer } from "../claim/claimer.ts";
import { expiryOf } from "../claim/assignment.ts";
import { ClaimError } from "../claim/claim-error.ts";
import type { ClaimRequest } from "../claim/claim-request.ts";
import { annotation } from "../runtime/names.ts";
import { endRuntime, deleteIfThere, stillLives } from "../end-of-life/end-runtime.ts";
import { deleted } from "../end-of-life/usage.ts";
import { addEach } from "../runtime/pod-patch.ts";
import { parseRuntime } from "../runtime/runtime.ts";
import { claimProblem } from "./claim-problem.ts";
import type { Injector } from "../claim-secret/injector.ts";
import { variablesOf } from "./claim-variables.ts";
import { findRuntime, type RuntimeLookup } from "./find-runtime.ts";
import { claimBody, envelope, podNameParams, runtimeView, updateBody } from "./schemas.ts";
import { type AssignedRuntime, isAssigned, type RuntimeViewOptions, viewOf } from "./views.ts";

/** What the routes of runtimes work with. */
export interface RuntimeRoutesOptions extends RuntimeViewOptions, RuntimeLookup {
  claimer: Claimer;
  abandoner: Abandoner;
  injector: Injector;
}

const oneRuntime = z.object({ ...envelope, runtime: runtimeView });
const idempotencyHeaders = z.object({
  "idempotency-key": z
    .string()
    .min(1)
    .max(255)
    .optional()
    .describe("Repeats with the same key get the same runtime."),
});
const endQuery = z.object({
  reason: z.string().max(256).optional().describe("Why, in the caller's words; usage repeats it."),
});
const filters = z.object({
  user_uid: z.string().max(63).optional().describe("Only those of this user."),
  environment_name: z.string().max(253).optional().describe("Only those of this environment."),
});

/** Adds `/runtimes`. */
export function serveRuntimes(app: App, prefix: string, options: RuntimeRoutesOptions): void {
  const { claimer, abandoner, injector, runtimes } = options;

  app.post(
    `${prefix}/runtimes`,
    {
      schema: {
        operationId: "claimRuntime",
        summary: "Assign a warm runtime to a user",
        description: "With an Idempotency-Key the request can be repeated until an answer arrives.",
        tags: ["runtimes"],
        headers: idempotencyHeaders,
        body: claimBody,
        response: { 201: oneRuntime },
        problems: [404, 409, 410, 501],
      },
    },
    async (request, reply) => {
      const claim = claimRequestOf(request.body, request.headers["idempotency-key"]);
      const runtime = await claimer.claim(claim).catch((error: unknown) => {
        throw claimProblem(error);
      });
      if (!isAssigned(runtime))
        throw new Error(`runtime ${runtime.name} was claimed but carries no assignment`);
      // Who does not learn of a runtime cannot use it: a caller with a key asks again, one without cannot.
      const isForgotten = claim.idempotencyKey === undefined;
      const assigned = await injector
        .inject(runtime, variablesOf(request.body))
        .then(() => answer(`Runtime ${runtime.name} is assigned.`, runtime, options))
        .catch(async (error: unknown) => {
          if (isForgotten || isUseless(error)) await abandoner.abandon(runtime);
          throw claimProblem(error);
        });
      if (isForgotten && request.raw.socket.destroyed) await abandoner.abandon(runtime);
      reply.code(201);
      return assigned;
    },
  );

  app.get(
    `${prefix}/runtimes`,
    {
      schema: {
        operationId: "listRuntimes",
        summary: "List the runtimes that users have",
        tags: ["runtimes"],
        querystring: filters,
        response: { 200: z.object({ ...envelope, runtimes: z.array(runtimeView) }) },
      },
    },
    async ({ query }) => {
      const assigned = runtimes
        .all()
        .filter(isAssigned)
        .filter((runtime) => matches(runtime, query));
      const views = await Promise.all(assigned.map((runtime) => viewOf(runtime, options)));
      return { success: true as const, message: `${views.length} runtimes`, runtimes: views };
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
      },
    },
    async ({ params }) => answer("Runtime found.", await findRuntime(params.pod_name, options), options),
  );

  app.put(
    `${prefix}/runtimes/:pod_name`,
    {
      schema: {
        operationId: "updateRuntime",
        summary: "Rename a runtime or change its credits",
        tags: ["runtimes"],
        params: podNameParams,
        body: updateBody,
        response: { 200: oneRuntime },
      },
    },
    async ({ params, body }) => {
      const runtime = await findRuntime(params.pod_name, options);
      const updated = await update(runtime, body, options);
      return answer(`Runtime ${runtime.name} is updated.`, updated, options);
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
      const runtime = await findRuntime(params.pod_name, options);
      await endForUser(runtime, query.reason, options);
      return { success: true as const, message: `Runtime ${runtime.name} ends.` };
    },
  );
}

/** What could not be brought into a runtime this time will not be another time. */
function isUseless(error: unknown): boolean {
  return error instanceof ClaimError && error.refusal === "injection-failed";
}

function claimRequestOf(body: z.infer<typeof claimBody>, idempotencyKey: string | undefined): ClaimRequest {
  const { from, capabilities = [] } = body;
  if (from !== undefined || capabilities.length > 0) {
    const field = from === undefined ? "capabilities" : "from";
    throw new Problem(501, {
      type: "not-implemented",
      detail: `${field} is not supported yet; leave it out`,
    });
  }
  return {
    environment: body.environment_name,
    pool: body.pool_name,
    userUid: body.user_uid,
    reservationId: body.reservation_id,
    type: body.type,
    givenName: body.given_name,
    creditsLimit: body.credits_limit,
    idempotencyKey,
    bringsSecret: variablesOf(body).size > 0,
    bodyHash: createHash("sha256").update(JSON.stringify(body)).digest("hex"),
  };
}

function matches(runtime: AssignedRuntime, wanted: z.infer<typeof filters>): boolean {
  return (
    (wanted.user_uid === undefined || runtime.assignment.userUid === wanted.user_uid) &&
    (wanted.environment_name === undefined || runtime.environment === wanted.environment_name)
  );
}

async function answer(
  message: string,
  runtime: AssignedRuntime,
  options: RuntimeViewOptions,
): Promise<z.infer<typeof oneRuntime>> {
  return { success: true, message, runtime: await viewOf(runtime, options) };
}

async function update(
  runtime: AssignedRuntime,
  body: z.infer<typeof updateBody>,
  { client }: RuntimeRoutesOptions,
): Promise<AssignedRuntime> {
  const { startedAt, burningRate } = runtime.assignment;
  const expiredAt = expiryOf(startedAt, body.credits_limit, burningRate);
  const values = { [annotation.givenName]: body.given_name, [annotation.expiredAt]: expiredAt?.toString() };
  try {
    const pod = await client.patch(Pod, runtime, [...stillLives(runtime), ...addEach("annotations", values)]);
    const updated = parseRuntime(pod);
    if (updated && isAssigned(updated)) return updated;
  } catch (error) {
    if (error instanceof ApiError && error.isPatchRefused) throw isEnding(runtime);
    if (!(error instanceof ApiError && error.isNotFound)) throw error;
  }
  throw notFound(`runtime "${runtime.name}" has just ended`);
}

/** Who ends a runtime that ends already is content with that. */
async function endForUser(
  runtime: AssignedRuntime,
  detail: string | undefined,
  { client }: RuntimeRoutesOptions,
): Promise<void> {
  // Without a word it is one write: the reason of a Pod that was just deleted is "Deleted" anyway.
  if (detail === undefined) return deleteIfThere(client, runtime);
  await endRuntime(client, runtime, { reason: deleted, detail }).catch(async (error: unknown) => {
    if (!(error instanceof ApiError && error.isPatchRefused)) throw error;
    await deleteIfThere(client, runtime);
  });
}

function isEnding({ name }: AssignedRuntime): Problem {
  return new Problem(409, { type: "runtime-ending", detail: `runtime "${name}" is ending already` });
}
