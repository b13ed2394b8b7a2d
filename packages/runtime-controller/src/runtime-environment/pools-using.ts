import type { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import { keyOf, type ObjectRef } from "@datalayer/shared/kube/object";
import type { ObjectReader } from "@datalayer/shared/kube/object-reader";

/** The index that {@link poolsUsing} reads: by `namespace/<environment>`. */
export const poolIndexes = {
  environment: (pool: RuntimePool): string[] => environmentOf(pool),
};

/** The key of the environment that a pool uses, if it names one; it need not exist. */
export function environmentOf({ metadata, spec }: RuntimePool): string[] {
  if (spec.environment === undefined) return [];
  return [keyOf({ namespace: metadata.namespace, name: spec.environment })];
}

/**
 * The pools that use an environment, by name.
 * @param pools - a cache with {@link poolIndexes}.
 */
export function poolsUsing({ namespace, name }: ObjectRef, pools: ObjectReader<RuntimePool>): RuntimePool[] {
  const using = pools.byIndex("environment", keyOf({ namespace, name }));
  return using.toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
}
