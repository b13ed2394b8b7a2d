import { Problem, unprocessable } from "@datalayer/shared/http/problem";
import { ClaimError, type ClaimRefusal } from "../claim/claim-error.ts";

/** A claim with values that the API server refuses is a request like others that are not valid. */
type Answered = Exclude<ClaimRefusal, "invalid">;

const statusOf: Record<Answered, number> = {
  "not-found": 404,
  "quota-exceeded": 403,
  "too-many-waiting": 429,
  "caller-gone": 503,
  "start-failed": 503,
  "pool-empty": 503,
  unavailable: 503,
  "key-in-flight": 409,
  "key-ended": 410,
  "key-reused": 422,
  "injection-failed": 502,
};

/** The answer to a claim that got no runtime; other errors pass through. */
export function claimProblem(error: unknown): unknown {
  if (!(error instanceof ClaimError)) return error;
  const { message: detail, refusal, cause, facts: extensions } = error;
  if (refusal === "invalid") return Object.assign(unprocessable(detail), { cause });
  const status = statusOf[refusal];
  return status === 429 || status === 503
    ? tryAgain(status, refusal, error)
    : new Problem(status, { type: refusal, detail, extensions });
}

/** Clients read `reason` and `retry_after_seconds`; `Retry-After` says the same to proxies. */
function tryAgain(
  status: number,
  refusal: Answered,
  { message: detail, retryAfterMs = 1_000, facts }: ClaimError,
): Problem {
  const seconds = Math.max(1, Math.ceil(retryAfterMs / 1000));
  return new Problem(status, {
    type: refusal,
    detail,
    extensions: { reason: refusal, retry_after_seconds: seconds, ...facts },
    headers: { "retry-after": String(seconds) },
  });
}
