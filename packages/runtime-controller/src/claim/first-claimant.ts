import { Pod } from "@datalayer/shared/kube/kinds";
import type { RestClient } from "@datalayer/shared/kube/rest";
import { label } from "../runtime/names.ts";

/** Reads the Pods of one claim key as they were at a resourceVersion. */
export type PodsAt = (resourceVersion: bigint) => Promise<Pod[]>;

/**
 * The Pod that got its claim key first, found in the API server's own history.
 *
 * Of the Pods that carry the key at some version, take the one whose last write is oldest, and look at the
 * version just before that write. Nobody there: that write was the first claim. Somebody there: they were
 * earlier, and the question is put again among them. Versions fall with each step, so it ends.
 */
export async function firstClaimant(podsAt: PodsAt, resourceVersion: bigint): Promise<Pod | undefined> {
  const pods = await podsAt(resourceVersion);
  const [oldest, ...others] = pods.toSorted((a, b) => (versionOf(a) < versionOf(b) ? -1 : 1));
  if (!oldest || others.length === 0) return oldest;
  return (await firstClaimant(podsAt, versionOf(oldest) - 1n)) ?? oldest;
}

/** {@link PodsAt} of a key over the watched namespaces; an empty namespace stands for all. */
export function podsOfKey(
  client: RestClient,
  namespaces: readonly (string | undefined)[],
  key: string,
): PodsAt {
  return async (resourceVersion) => {
    const lists = namespaces.map((namespace) =>
      client.list(Pod, {
        namespace,
        labelSelector: `${label.claimKey}=${key}`,
        resourceVersion: String(resourceVersion),
        resourceVersionMatch: "Exact",
      }),
    );
    return (await Promise.all(lists)).flatMap(({ items }) => items);
  };
}

function versionOf(pod: Pod): bigint {
  return BigInt(pod.metadata.resourceVersion);
}
