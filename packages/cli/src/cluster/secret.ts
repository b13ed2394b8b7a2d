import { ApiError } from "@datalayer/shared/kube/api-error";
import { Secret } from "@datalayer/shared/kube/kinds";
import type { Cluster } from "./cluster.ts";

/** A Secret of the command's namespace; undefined when there is none. */
export async function findSecret({ client, namespace }: Cluster, name: string): Promise<Secret | undefined> {
  try {
    return await client.get(Secret, { namespace, name });
  } catch (error) {
    if (error instanceof ApiError && error.isNotFound) return undefined;
    throw error;
  }
}
