import { ApiError } from "@datalayer/shared/kube/api-error";
import { Secret } from "@datalayer/shared/kube/kinds";
import type { ObjectRef } from "@datalayer/shared/kube/object";
import type { RestClient } from "@datalayer/shared/kube/rest";

/**
 * Reads a Secret that the operator keeps for itself; where there is none, creates it with what `first` makes. Not the
 * chart, because a tool that renders it anew would make new values each time. Of several replicas that do so at once, one
 * is first, and its Secret is the one.
 */
export async function readOrCreateSecret(
  client: RestClient,
  ref: ObjectRef,
  first: () => Readonly<Record<string, string>>,
): Promise<Secret> {
  try {
    return await client.get(Secret, ref);
  } catch (error) {
    if (!(error instanceof ApiError && error.isNotFound)) throw error;
  }
  try {
    const { apiVersion, kind } = Secret;
    return await client.create(Secret, { apiVersion, kind, metadata: { ...ref }, data: encoded(first()) });
  } catch (error) {
    if (error instanceof ApiError && error.isAlreadyExists) return await client.get(Secret, ref);
    throw error;
  }
}

function encoded(entries: Readonly<Record<string, string>>): Record<string, string> {
  const encode = (text: string): string => Buffer.from(text).toString("base64");
  return Object.fromEntries(Object.entries(entries).map(([name, text]) => [name, encode(text)]));
}
