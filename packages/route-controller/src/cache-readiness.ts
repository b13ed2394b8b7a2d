import type { Health } from "@datalayer/shared/http/health";
import type { KubeObject } from "@datalayer/shared/kube/object";
import type { ObjectReader } from "@datalayer/shared/kube/object-reader";

const silentWatchMs = 150_000;

/** Has a process be ready while its caches show the cluster as it is. */
export function addCacheReadiness(
  health: Health,
  caches: Readonly<Record<string, Pick<ObjectReader<KubeObject>, "hasSynced" | "lastEventAgeMs">>>,
): void {
  for (const [name, cache] of Object.entries(caches)) {
    health.addReadiness(`${name}-watch`, () => {
      if (!cache.hasSynced) return "not listed yet";
      if (cache.lastEventAgeMs > silentWatchMs)
        return `silent for ${Math.round(cache.lastEventAgeMs / 1000)} s`;
      return undefined;
    });
  }
}
