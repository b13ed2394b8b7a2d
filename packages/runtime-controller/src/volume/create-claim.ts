import { ApiError, TransportError } from "@datalayer/shared/kube/api-error";
import { PersistentVolumeClaim } from "@datalayer/shared/kube/kinds";
import type { Manifest } from "@datalayer/shared/kube/object";
import type { RestClient } from "@datalayer/shared/kube/rest";

/**
 * Creates a claim; one of that name that is there already is answered as it is.
 * @throws ApiError when the cluster refuses it.
 */
export async function createClaim(
  client: RestClient,
  manifest: Manifest<PersistentVolumeClaim>,
): Promise<PersistentVolumeClaim> {
  const create = (): Promise<PersistentVolumeClaim> => client.create(PersistentVolumeClaim, manifest);
  return create()
    .catch((error: unknown) => {
      // The answer was lost: the name tells whether it is there.
      if (isAmbiguous(error)) return create();
      throw error;
    })
    .catch((error: unknown) => {
      if (!(error instanceof ApiError && error.isAlreadyExists)) throw error;
      return client.get(PersistentVolumeClaim, manifest.metadata);
    });
}

/** Whether a write may have been carried out although it failed. */
export function isAmbiguous(error: unknown): boolean {
  return (error instanceof ApiError || error instanceof TransportError) && error.isAmbiguous;
}
