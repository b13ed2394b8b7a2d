import { createHash } from "node:crypto";
import type { App } from "@datalayer/shared/http/app";
import { unprocessable } from "@datalayer/shared/http/problem";
import type { FastifyReply } from "fastify";
import { z } from "zod";
import type { Abandoner } from "../claim/abandoner.ts";
import type { Claimer } from "../claim/claimer.ts";
import type { ClaimRequest, ColdStart } from "../claim/claim-request.ts";
import { ClaimError } from "../claim/claim-error.ts";
import { isStarting, type Starts } from "../cold-start/starts.ts";
import { isAssigned, type Runtime } from "../runtime/runtime.ts";
import { claimProblem } from "./claim-problem.ts";
import { type KnownContents, requireAttachments } from "./content-attachments.ts";
import { variablesOf } from "./claim-variables.ts";
import { preferredWaitSeconds } from "./prefer.ts";
import { type Launched, launchHome, type LaunchOptions, wantsHome } from "./runtime-homes.ts";
import { claimBody, oneRuntime } from "./schemas.ts";
import { refuseSnapshot } from "./snapshot.ts";
import { answer, answerHome, type RuntimeViewOptions } from "./views.ts";

/** What claims are served with. */
export interface ClaimRoutesOptions extends RuntimeViewOptions, LaunchOptions, KnownContents {
  claimer: Claimer;
  abandoner: Abandoner;
  starts: Starts;
  /** How long a claim may wait, whatever it prefers. */
  maxWaitMs: number;
}

const lookAgainAfterSeconds = 5;

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
  const { claimer, abandoner, homes, injector, starts, maxWaitMs } = options;
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
        response: { 201: oneRuntime, 202: oneRuntime },
        answerHeaders: {
          201: ["preference-applied"],
          202: ["location", "preference-applied", "retry-after"],
        },
        problems: [403, 404, 409, 410, 429, 501, 502],
      },
    },
    async (request, reply) => {
      checkAttachments(request.body, options);
      const { prefer, "idempotency-key": idempotencyKey } = request.headers;
      const waitMs = Math.min(maxWaitMs, (preferredWaitSeconds(prefer) ?? 0) * 1000);
      if (waitMs > 0) reply.header("preference-applied", `wait=${waitMs / 1000}`);
      const caller = { idempotencyKey, waitMs, signal: whenGone(reply) };
      // Who does not learn of a runtime cannot use it: a caller with a key asks again, one without cannot.
      const isForgotten = idempotencyKey === undefined;
      const isGone = (): boolean => request.raw.socket.destroyed;
      if (wantsHome(request.body)) {
        const launched = await launchHome({ ...wishesOf(request.body), ...caller }, request.body, options);
        if (isForgotten && isGone()) await homes.end(launched.home.runtime.name);
        return answerLaunch(launched, reply, options);
      }
      const runtime = await claimer
        .claim({ ...wishesOf(request.body), ...caller })
        .catch((error: unknown) => {
          throw claimProblem(error);
        });
      if (!isAssigned(runtime))
        throw new Error(`runtime ${runtime.name} was claimed but carries no assignment`);
      const assigned = await injector
        .inject(runtime, variablesOf(request.body))
        .then(() => starts.wait(runtime, waitMs, caller.signal))
        .then((latest) => answerClaim(latest, reply, options))
        .catch(async (error: unknown) => {
          if (isForgotten || isUseless(error)) await abandoner.abandon(runtime);
          throw claimProblem(error);
        });
      if (isForgotten && isGone()) await abandoner.abandon(runtime);
      return assigned;
    },
  );
}

function checkAttachments(body: z.infer<typeof claimBody>, known: KnownContents): void {
  try {
    requireAttachments(body, known);
  } catch (error) {
    throw claimProblem(error);
  }
}

/** 201 when the runtime serves, else 202 with where and when to look again. */
function answerClaim(
  runtime: Runtime,
  reply: FastifyReply,
  options: RuntimeViewOptions,
): Promise<z.infer<typeof oneRuntime>> {
  if (!isAssigned(runtime)) throw new Error(`runtime ${runtime.name} was claimed but carries no assignment`);
  if (!isStarting(runtime)) {
    reply.code(201);
    return answer(`Runtime ${runtime.name} is assigned.`, runtime, options);
  }
  accept(runtime, reply);
  return answer(`Runtime ${runtime.name} is starting.`, runtime, options);
}

/** As for any other runtime once it has a Pod; until then, and while it is paused, as its home knows it. */
function answerLaunch(
  { home, runtime }: Launched,
  reply: FastifyReply,
  options: RuntimeViewOptions,
): Promise<z.infer<typeof oneRuntime>> {
  if (runtime) return answerClaim(runtime, reply, options);
  const { name } = home.runtime;
  if (home.state === "paused") {
    reply.code(201);
    return answerHome(`Runtime ${name} is paused.`, home, options);
  }
  accept(home.runtime, reply);
  return answerHome(`Runtime ${name} is starting.`, home, options);
}

/** 202: where and when to look again. */
function accept({ name }: Runtime, reply: FastifyReply): void {
  reply.code(202);
  reply.header("location", `/api/operator/v1/runtimes/${name}`);
  reply.header("retry-after", String(lookAgainAfterSeconds));
}

function coldStartOf(body: z.infer<typeof claimBody>): ColdStart | undefined {
  const { size_class: sizeClass, resources } = body;
  if (sizeClass === undefined && resources === undefined) return undefined;
  if (sizeClass === undefined || resources === undefined) return { sizeClass, resources };
  throw unprocessable("size_class and resources: name one of them, not both");
}

/** What could not be brought into a runtime this time will not be another time. */
function isUseless(error: unknown): boolean {
  return error instanceof ClaimError && ["injection-failed", "start-failed"].includes(error.refusal);
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
  refuseSnapshot(body.from);
  return {
    environment: body.environment_name,
    pool: body.pool_name,
    userUid: body.user_uid,
    reservationId: body.reservation_id,
    type: body.type,
    givenName: body.given_name,
    creditsLimit: body.credits_limit,
    coldStart: coldStartOf(body),
    contents: body.content_attachments,
    bringsSecret: variablesOf(body).size > 0,
    bodyHash: createHash("sha256").update(JSON.stringify(body)).digest("hex"),
  };
}
