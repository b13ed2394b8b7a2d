import type { RuntimeEnvironmentSpec } from "@datalayer/shared/crds/runtime-environment";
import type { RuntimePoolSpec } from "@datalayer/shared/crds/runtime-pool";

/** Resources of a container: quantities by resource name. */
export interface Resources {
  requests?: Record<string, string>;
  limits: Record<string, string>;
}

/** The resources of a pool's runtimes: the environment's defaults, overridden field by field by the pool's. */
export function resourcesOf(environment: RuntimeEnvironmentSpec, pool: RuntimePoolSpec): Resources {
  const { limits, requests } = environment.resourcesRanges.default;
  const merged = {
    limits: { ...limits, ...pool.resources?.limits },
    requests: { ...requests, ...pool.resources?.requests },
  };
  return Object.keys(merged.requests).length > 0 ? merged : { limits: merged.limits };
}
