import type { RuntimePool, RuntimePoolStatus } from "@datalayer/shared/crds/runtime-pool";
import type { Runtime } from "../runtime/runtime.ts";

/** The four counters of a pool. */
export type PoolCounts = Required<Pick<RuntimePoolStatus, "desired" | "available" | "pending" | "assigned">>;

/** Counts the runtimes of a pool; those that are being deleted count no more. */
export function countRuntimes(pool: RuntimePool, runtimes: readonly Runtime[]): PoolCounts {
  const living = runtimes.filter(({ terminating }) => !terminating);
  const inState = (state: Runtime["state"]): number => living.filter((one) => one.state === state).length;
  return {
    desired: sizeOf(pool),
    available: inState("available"),
    pending: inState("pending"),
    assigned: inState("assigned") + inState("paused"),
  };
}

/** The number of runtimes that the pool should keep available. */
export function sizeOf({ spec }: RuntimePool): number {
  return spec.size ?? 1;
}
