import { notFound, Problem, unavailable } from "@datalayer/shared/http/problem";
import { HomeError } from "../pause/home-error.ts";
import { claimProblem } from "./claim-problem.ts";

/** The answer to a wish for a runtime with a home that is not granted; other errors pass through. */
export function homeProblem(error: unknown): unknown {
  if (!(error instanceof HomeError)) return claimProblem(error);
  const { message: detail, refusal, cause } = error;
  switch (refusal) {
    case "no-home":
    case "ended":
      return notFound(detail);
    case "changed":
      return Object.assign(unavailable({ detail, reason: refusal, retryAfterSeconds: 1 }), { cause });
    case "credits-used-up":
    case "no-template":
    case "not-paused":
    case "volume-in-use":
      return new Problem(409, { type: refusal, detail });
  }
}
