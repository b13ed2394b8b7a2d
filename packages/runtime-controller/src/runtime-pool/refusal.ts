import { ApiError } from "@datalayer/shared/kube/api-error";

/** A Pod that the API server refused to create, and why. */
export interface Refusal {
  reason: "QuotaExceeded" | "PodRefused" | "NamespaceTerminating";
  message: string;
}

/** What a failed creation says about every further one; undefined when the next may succeed. */
export function refusalOf(error: unknown): Refusal | undefined {
  if (!(error instanceof ApiError) || !(error.isForbidden || error.isInvalid)) return undefined;
  return { reason: reasonOf(error), message: error.message };
}

function reasonOf(error: ApiError): Refusal["reason"] {
  if (isNamespaceEnding(error)) return "NamespaceTerminating";
  return error.message.includes("exceeded quota") ? "QuotaExceeded" : "PodRefused";
}

/** Whether something could not be created because its namespace is being deleted: all in it ends, and so do we. */
export function isNamespaceEnding(error: unknown): boolean {
  return error instanceof ApiError && error.isForbidden && error.message.includes("being terminated");
}
