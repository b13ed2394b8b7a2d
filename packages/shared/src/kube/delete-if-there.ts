import { ApiError } from "./api-error.ts";
import type { Kind, ObjectRef } from "./object.ts";
import type { DeleteOptions, RestClient } from "./rest.ts";

/**
 * Deletes this very object; one that is gone, or whose name another one has by now, is no error.
 *
 * @throws ApiError when the API server refuses. A conflict is looked into: only one over the UID means that the
 * object is gone.
 */
export async function deleteIfThere(
  client: Pick<RestClient, "delete" | "get">,
  kind: Kind,
  { namespace, name, uid }: ObjectRef & { uid: string },
  options: Pick<DeleteOptions, "propagationPolicy"> = {},
): Promise<void> {
  const ref = { namespace, name };
  try {
    await client.delete(kind, ref, { uid, ...options });
  } catch (error) {
    if (error instanceof ApiError && error.isNotFound) return;
    const isConflict = error instanceof ApiError && error.isConflict;
    if (!isConflict || (await isThere(client, kind, { ...ref, uid }))) throw error;
  }
}

async function isThere(
  client: Pick<RestClient, "get">,
  kind: Kind,
  object: ObjectRef & { uid: string },
): Promise<boolean> {
  try {
    return (await client.get(kind, object)).metadata.uid === object.uid;
  } catch (error) {
    if (error instanceof ApiError && error.isNotFound) return false;
    throw error;
  }
}
