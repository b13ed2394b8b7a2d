import { notFound } from "@datalayer/shared/http/problem";
import { Pod } from "@datalayer/shared/kube/kinds";
import type { RestClient } from "@datalayer/shared/kube/rest";
import { runtimeApp } from "@datalayer/shared/runtime/names";
import { label } from "../runtime/names.ts";
import { type AssignedRuntime, isAssigned } from "../runtime/runtime.ts";
import type { Runtimes } from "../runtime/runtimes.ts";

/** Where runtimes are looked up. */
export interface RuntimeLookup {
  client: RestClient;
  runtimes: Runtimes;
  /** The watched namespaces; `*` stands for all. */
  namespaces: readonly string[];
}

const runtimeName = /^runtime-[0-9a-z]{26}$/;

/**
 * The runtime of this Pod name. One that was assigned by another replica a moment ago may not have arrived here
 * yet, so what the cache does not know is asked of the API server before it is denied.
 * @throws Problem 404 when no user has such a runtime.
 */
export async function findRuntime(
  podName: string,
  { client, runtimes, namespaces }: RuntimeLookup,
): Promise<AssignedRuntime> {
  const cached = runtimes.find(podName);
  if (cached && isAssigned(cached)) return cached;
  const lists = runtimeName.test(podName)
    ? namespaces.map((namespace) => podsNamed(podName, namespace, client))
    : [];
  const stored = (await Promise.all(lists)).flat().flatMap((pod) => runtimes.of(pod) ?? []);
  const assigned = stored.find(isAssigned);
  if (!assigned) throw notFound(`no runtime is named "${podName}"`);
  return assigned;
}

async function podsNamed(podName: string, namespace: string, client: RestClient): Promise<Pod[]> {
  const { items } = await client.list(Pod, {
    namespace: namespace === "*" ? undefined : namespace,
    fieldSelector: `metadata.name=${podName}`,
    labelSelector: `${label.app}=${runtimeApp}`,
  });
  return items;
}
