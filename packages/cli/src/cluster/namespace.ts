import { ApiError } from "@datalayer/shared/kube/api-error";
import { Namespace } from "@datalayer/shared/kube/kinds";
import { podSecurityLabels } from "../chart.ts";
import { CommandError } from "../command/command-error.ts";
import type { Cluster } from "./cluster.ts";

/** The namespace that the command means; undefined when there is none. */
export async function findNamespace({ client, namespace: name }: Cluster): Promise<Namespace | undefined> {
  try {
    return await client.get(Namespace, { name });
  } catch (error) {
    if (error instanceof ApiError && error.isNotFound) return undefined;
    throw error;
  }
}

/**
 * Creates the namespace where there is none; answers whether it did.
 *
 * @throws CommandError when it is being deleted.
 */
export async function ensureNamespace(cluster: Cluster): Promise<boolean> {
  const found = await findNamespace(cluster);
  if (found?.metadata.deletionTimestamp) {
    throw new CommandError(`namespace ${cluster.namespace} is being deleted`, {
      next: [`kubectl wait --for=delete namespace/${cluster.namespace}   # then try again`],
    });
  }
  if (found) return false;
  try {
    await cluster.client.create(Namespace, {
      apiVersion: Namespace.apiVersion,
      kind: Namespace.kind,
      metadata: { name: cluster.namespace, labels: { ...podSecurityLabels } },
    });
  } catch (error) {
    if (!(error instanceof ApiError && error.isAlreadyExists)) throw error;
  }
  return true;
}
