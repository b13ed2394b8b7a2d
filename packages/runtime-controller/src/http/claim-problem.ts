import { Problem, unavailable, unprocessable } from "@datalayer/shared/http/problem";
import { ClaimError } from "../claim/claim-error.ts";

/** The answer to a claim that got no runtime; other errors pass through. */
export function claimProblem(error: unknown): unknown {
  if (!(error instanceof ClaimError)) return error;
  const { message: detail, refusal, cause } = error;
  switch (refusal) {
    case "not-found":
      return new Problem(404, { type: refusal, detail });
    case "pool-empty":
    case "unavailable":
      return unavailable({
        type: refusal,
        detail,
        reason: refusal,
        retryAfterSeconds: secondsOf(error.retryAfterMs),
      });
    case "key-in-flight":
      return new Problem(409, { type: refusal, detail });
    case "key-ended":
      return new Problem(410, { type: refusal, detail });
    case "key-reused":
      return new Problem(422, { type: refusal, detail });
    case "injection-failed":
      return new Problem(502, { type: refusal, detail });
    case "invalid":
      return Object.assign(unprocessable(detail), { cause });
  }
}

function secondsOf(ms = 1_000): number {
  return Math.max(1, Math.ceil(ms / 1000));
}
