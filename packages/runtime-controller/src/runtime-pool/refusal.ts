import { ApiError } from "@datalayer/shared/kube/api-error";

/** A Pod that the API server refused to create, and why. */
export interface Refusal {
  reason: "QuotaExceeded" | "PodRefused";
  message: string;
}

/** What a failed creation says about every further one; undefined when the next may succeed. */
export function refusalOf(error: unknown): Refusal | undefined {
  if (!(error instanceof ApiError) || !(error.isForbidden || error.isInvalid)) return undefined;
  const reason = error.message.includes("exceeded quota") ? "QuotaExceeded" : "PodRefused";
  return { reason, message: error.message };
}
