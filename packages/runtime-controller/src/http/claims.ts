import { createHash } from "node:crypto";
import type { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import type { App } from "@datalayer/shared/http/app";
import { Problem } from "@datalayer/shared/http/problem";
import type { ObjectReader } from "@datalayer/shared/kube/object-reader";
import type { FastifyReply } from "fastify";
import { z } from "zod";
import type { Abandoner } from "../claim/abandoner.ts";
import type { Claimer } from "../claim/claimer.ts";
import type { ClaimRequest } from "../claim/claim-request.ts";
import { ClaimError } from "../claim/claim-error.ts";
import { claimProblem } from "./claim-problem.ts";
import { requireAttachments } from "./content-attachments.ts";
import { variablesOf } from "./claim-variables.ts";
import { preferredWaitSeconds } from "./prefer.ts";
import { launchHome, type LaunchOptions, wantsHome } from "./runtime-homes.ts";
import { claimBody, oneRuntime } from "./schemas.ts";
import { answer, answerHome, isAssigned, type RuntimeViewOptions } from "./views.ts";

/** What claims are served with. */
export interface ClaimRoutesOptions extends RuntimeViewOptions, LaunchOptions {
  claimer: Claimer;
  abandoner: Abandoner;
  pools: ObjectReader<RuntimePool>;
  /** How long a claim may wait, whatever it prefers. */
  maxWaitMs: number;
}

const claimHeaders = z.object({
  "idempotency-key": z
    .string()
    .min(1)
    .max(255)
    .optional()
    .describe("Repeats with the same key get the same runtime."),
  prefer: z
    .string()
    .max(1024)
    .optional()
    .describe("`wait=10` waits up to ten seconds for a runtime where none is available (RFC 7240)."),
});

/** Adds `POST /runtimes`. */
export function serveClaims(app: App, prefix: string, options: ClaimRoutesOptions): void {
  const { claimer, abandoner, injector, maxWaitMs } = options;
  app.post(
    `${prefix}/runtimes`,
    {
      schema: {
        operationId: "claimRuntime",
        summary: "Assign a warm runtime to a user",
        description: "With an Idempotency-Key the request can be repeated until an answer arrives.",
        tags: ["runtimes"],
        headers: claimHeaders,
        body: claimBody,
        response: { 201: oneRuntime },
        problems: [403, 404, 409, 410, 429, 501, 502],
      },
    },
    async (request, reply) => {
      requireAttachments(request.body, options);
      const { prefer, "idempotency-key": idempotencyKey } = request.headers;
      const waitMs = Math.min(maxWaitMs, (preferredWaitSeconds(prefer) ?? 0) * 1000);
      if (waitMs > 0) reply.header("preference-applied", `wait=${waitMs / 1000}`);
      const caller = { idempotencyKey, waitMs, signal: whenGone(reply) };
      if (wantsHome(request.body)) {
        const home = await launchHome({ ...wishesOf(request.body), ...caller }, request.body, options);
        reply.code(201);
        return answerHome(`Runtime ${home.runtime.name} starts.`, home, options);
      }
      const runtime = await claimer
        .claim({ ...wishesOf(request.body), ...caller })
        .catch((error: unknown) => {
          throw claimProblem(error);
        });
      if (!isAssigned(runtime))
        throw new Error(`runtime ${runtime.name} was claimed but carries no assignment`);
      // Who does not learn of a runtime cannot use it: a caller with a key asks again, one without cannot.
      const isForgotten = idempotencyKey === undefined;
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
}

/** What could not be brought into a runtime this time will not be another time. */
function isUseless(error: unknown): boolean {
  return error instanceof ClaimError && error.refusal === "injection-failed";
}

/** Aborts when the caller goes away before it has its answer. */
function whenGone({ raw }: FastifyReply): AbortSignal {
  const gone = new AbortController();
  raw.once("close", () => {
    if (!raw.writableEnded) gone.abort();
  });
  return gone.signal;
}

function wishesOf(
  body: z.infer<typeof claimBody>,
): Omit<ClaimRequest, "idempotencyKey" | "waitMs" | "signal"> {
  if (body.from !== undefined)
    throw new Problem(501, { type: "not-implemented", detail: "from is not supported yet; leave it out" });
  return {
    environment: body.environment_name,
    pool: body.pool_name,
    userUid: body.user_uid,
    reservationId: body.reservation_id,
    type: body.type,
    givenName: body.given_name,
    creditsLimit: body.credits_limit,
    bringsSecret: variablesOf(body).size > 0,
    bodyHash: createHash("sha256").update(JSON.stringify(body)).digest("hex"),
  };
}
