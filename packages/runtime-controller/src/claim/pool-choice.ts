import type { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import { ClaimError } from "./claim-error.ts";
import type { ClaimRequest } from "./claim-request.ts";

/** What says which pools may serve a claim. */
export type PoolWish = Pick<ClaimRequest, "environment" | "pool" | "namespace">;

/**
 * The pools that may serve a claim. All lie in one namespace, the first that has any: the order in which
 * Pods get a claim key is that of one watch.
 * @throws ClaimError `not-found` when there is no such pool.
 */
export function poolsFor(request: PoolWish, pools: readonly RuntimePool[]): RuntimePool[] {
  const { environment, pool: poolName, namespace } = request;
  const fitting = pools.filter(
    ({ metadata, spec }) =>
      metadata.deletionTimestamp === undefined &&
      (namespace === undefined || metadata.namespace === namespace) &&
      (environment === undefined || spec.environment === environment) &&
      (poolName === undefined || metadata.name === poolName),
  );
  const sorted = fitting.toSorted((a, b) => (pathOf(a) < pathOf(b) ? -1 : 1));
  const home = sorted[0]?.metadata.namespace;
  if (home === undefined) throw new ClaimError("not-found", `no runtime pool ${wanted(request)}`);
  return sorted.filter(({ metadata }) => metadata.namespace === home);
}

/** Names what was asked for, as the end of a sentence. */
export function wanted({ environment, pool, namespace }: PoolWish): string {
  const parts = [
    pool === undefined ? undefined : `is named "${pool}"`,
    environment === undefined ? undefined : `serves environment "${environment}"`,
    namespace === undefined ? undefined : `lies in namespace "${namespace}"`,
  ];
  return parts.filter((part) => part !== undefined).join(" and ");
}

function pathOf({ metadata }: RuntimePool): string {
  return `${metadata.namespace ?? ""}/${metadata.name}`;
}
