import { ApiError, TransportError } from "@datalayer/shared/kube/api-error";

/**
 * What a failed claim patch means.
 *
 * - `refused`: a test did not hold, so nothing was written; the Pod tells why.
 * - `gone`: there is no such Pod.
 * - `invalid`: the values are refused; another Pod would refuse them too.
 * - `busy`: certainly not written; the same patch may be sent again.
 * - `ambiguous`: perhaps written, now or later.
 * - `fault`: certainly not written, and trying again does not help.
 */
export type Verdict = "refused" | "gone" | "invalid" | "busy" | "ambiguous" | "fault";

/** Reads the error of a claim patch. The API server answers alike for a failed test and a malformed patch. */
export function verdictOf(error: unknown): Verdict {
  if (error instanceof ApiError) return verdictOfAnswer(error);
  return error instanceof TransportError && !error.sent ? "busy" : "ambiguous";
}

function verdictOfAnswer(error: ApiError): Verdict {
  switch (error.status) {
    case 404:
      return "gone";
    case 409:
    case 429:
      return "busy";
    case 422:
      return error.isPatchRefused ? "refused" : "invalid";
    default:
      return error.status >= 500 ? "ambiguous" : "fault";
  }
}
