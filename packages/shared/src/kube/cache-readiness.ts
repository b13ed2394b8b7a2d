import type { Health } from "../http/health.ts";
import type { KubeObject } from "./object.ts";
import type { ObjectReader } from "./object-reader.ts";

const silentWatchMs = 150_000;

/** Has a process be ready while its caches show the cluster as it is; answers with its health. */
export function addCacheReadiness(
  health: Health,
  caches: Readonly<Record<string, Pick<ObjectReader<KubeObject>, "hasSynced" | "lastEventAgeMs">>>,
): Health {
  for (const [name, cache] of Object.entries(caches)) {
    health.addReadiness(`${name}-watch`, () => {
      if (!cache.hasSynced) return "not listed yet";
      if (cache.lastEventAgeMs > silentWatchMs)
        return `silent for ${Math.round(cache.lastEventAgeMs / 1000)} s`;
      return undefined;
    });
  }
  return health;
}
