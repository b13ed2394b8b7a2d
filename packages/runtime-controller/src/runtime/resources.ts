import type { RuntimeEnvironmentSpec } from "@datalayer/shared/crds/runtime-environment";
import type { RuntimePoolSpec } from "@datalayer/shared/crds/runtime-pool";

/** Resources of a container: quantities by resource name. */
export interface Resources {
  requests?: Record<string, string>;
  limits: Record<string, string>;
}

const gpu = "nvidia.com/gpu";

/**
 * The resources of a pool's runtimes: the environment's defaults, overridden field by field by the pool's. GPUs
 * cannot be overcommitted, so their request always follows the limit.
 */
export function resourcesOf(environment: RuntimeEnvironmentSpec, pool: RuntimePoolSpec): Resources {
  const { limits, requests } = environment.resourcesRanges.default;
  const merged = {
    limits: { ...limits, ...pool.resources?.limits },
    requests: { ...requests, ...pool.resources?.requests },
  };
  if (gpu in merged.requests) merged.requests[gpu] = merged.limits[gpu] ??= merged.requests[gpu];
  return Object.keys(merged.requests).length > 0 ? merged : { limits: merged.limits };
}
