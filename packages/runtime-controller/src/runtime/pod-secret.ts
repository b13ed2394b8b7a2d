import { ApiError } from "@datalayer/shared/kube/api-error";
import { Pod, Secret } from "@datalayer/shared/kube/kinds";
import type { Manifest } from "@datalayer/shared/kube/object";
import type { RestClient } from "@datalayer/shared/kube/rest";
import { runtimeApp } from "@datalayer/shared/runtime/names";
import { label } from "./names.ts";

/**
 * A Secret that goes with its Pod, and never changes.
 * @param suffix - of its name, after the Pod's.
 * @param entries - text by name.
 */
export function buildPodSecret(
  { metadata: { name, namespace, uid } }: Pod,
  suffix: string,
  entries: ReadonlyMap<string, string>,
): Manifest<Secret> {
  const data = [...entries].map(([entry, text]) => [entry, Buffer.from(text).toString("base64")] as const);
  return {
    apiVersion: Secret.apiVersion,
    kind: Secret.kind,
    metadata: {
      name: `${name}-${suffix}`,
      namespace,
      labels: { [label.app]: runtimeApp },
      ownerReferences: [{ apiVersion: Pod.apiVersion, kind: Pod.kind, name, uid }],
    },
    immutable: true,
    data: Object.fromEntries(data),
  };
}

/**
 * Creates the Secret; false when one of its name is there, as after a crash.
 * @param options - `timeoutMs`: see `RestClient`.
 * @throws ApiError, TransportError when it could not be created.
 */
export async function ensurePodSecret(
  client: Pick<RestClient, "create">,
  secret: Manifest<Secret>,
  options: { timeoutMs?: number } = {},
): Promise<boolean> {
  try {
    await client.create(Secret, secret, options);
    return true;
  } catch (error) {
    if (error instanceof ApiError && error.isAlreadyExists) return false;
    throw error;
  }
}
