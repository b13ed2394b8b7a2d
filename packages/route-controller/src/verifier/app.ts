import { Problem } from "@datalayer/shared/http/problem";
import { answerProblems } from "@datalayer/shared/http/error-answers";
import { serverOptions } from "@datalayer/shared/http/server-options";
import type { Logger } from "@datalayer/shared/log/logger";
import { fastify, type FastifyInstance, type FastifyReply } from "fastify";
import { verifyPath } from "./address.ts";
import type { VerifierMetrics } from "./metrics.ts";
import type { Denied, Verdict } from "./verdict.ts";
import type { Verifier } from "./verifier.ts";

/** What the app is made of. */
export interface VerifierAppOptions {
  verifier: Verifier;
  metrics: VerifierMetrics;
  log: Logger;
}

/**
 * Answers the questions of data planes, `GET /verify/<uid of the Route>`: 200 with headers for the target, or a problem
 * that the client gets as it is. It says what to do, and never what was wrong with the credentials.
 */
export function createVerifierApp({ verifier, metrics, log }: VerifierAppOptions): FastifyInstance {
  const app = fastify(serverOptions(log));
  answerProblems(app, log);
  app.get<{ Params: { uid: string } }>(`${verifyPath}/:uid`, async (request, reply) => {
    const decision = await verifier.decide(request.params.uid, request.raw.headersDistinct);
    metrics.decided(decision, reply.elapsedTime / 1_000);
    logDenial(log, decision.verdict, request.params.uid);
    return answer(reply, decision.verdict);
  });
  return app;
}

function answer(reply: FastifyReply, verdict: Verdict): FastifyReply {
  void reply.header("cache-control", "no-store");
  if (verdict.kind === "denied") throw problemOf(verdict);
  return reply.headers(verdict.headers).send();
}

const words = {
  401: { type: "not-signed-in", detail: "Send valid credentials for this address." },
  403: { type: "not-allowed", detail: "This request may not pass." },
  503: { type: "not-verifiable", detail: "It cannot be told now whether this request may pass. Try again." },
} as const;
const retryAfterSeconds = "2";

function problemOf({ status, challenge }: Denied): Problem {
  const { type, detail } = words[status];
  return new Problem(status, {
    type,
    detail,
    headers: {
      ...(challenge !== undefined && { "www-authenticate": challenge }),
      ...(status === 503 && { "retry-after": retryAfterSeconds }),
    },
  });
}

/** On debug only: anyone can cause as many denials as he likes. */
function logDenial(log: Logger, verdict: Verdict, routeUid: string): void {
  if (verdict.kind === "denied" && log.isDebugEnabled())
    log.debug("Denied", { route_uid: routeUid, status: verdict.status, reason: verdict.reason });
}
