import { ApiError } from "../api-error.ts";
import type { Kind } from "../object.ts";
import { collectionPath } from "../paths.ts";
import type { RestClient } from "../rest.ts";

/**
 * Sends a manifest as `kubectl apply` does, strictly, and by default stores nothing.
 * @param text - the manifest as JSON, which may be what no object of ours would become.
 */
export function sendStrictly(
  admin: RestClient,
  kind: Kind,
  text: string,
  options: { namespace?: string; query?: string } = {},
): Promise<unknown> {
  const { namespace, query = "dryRun=All" } = options;
  const path = `${collectionPath(kind, namespace)}?fieldValidation=Strict&${query}`;
  return admin.raw({ method: "POST", path, body: text });
}

/** The message with which the API server refused. @throws Error when it accepted, or failed itself. */
export async function refusalOf(sending: Promise<unknown>): Promise<string> {
  try {
    await sending;
  } catch (error) {
    if (error instanceof ApiError && error.status < 500) return error.message;
    throw error;
  }
  throw new Error("it was accepted");
}
