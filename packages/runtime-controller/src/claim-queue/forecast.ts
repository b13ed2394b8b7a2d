import type { Clock } from "@datalayer/shared/clock/clock";
import { findCondition } from "@datalayer/shared/controller/conditions";
import type { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import type { ObjectRef } from "@datalayer/shared/kube/object";
import type { ObjectReader } from "@datalayer/shared/kube/object-reader";
import { countRuntimes } from "../runtime-pool/counts.ts";
import { startFailureOf } from "../runtime-pool/start-failure.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { Runtimes } from "../runtime/runtimes.ts";
import { availableInMs, type PoolOutlook } from "./outlook.ts";
import type { StartTimes } from "./start-times.ts";

/** What forecasts are made of. */
export interface ForecastOptions {
  pools: ObjectReader<RuntimePool>;
  runtimes: Runtimes;
  startTimes: StartTimes;
  clock: Clock;
}

/** Says when it is worth trying again, from what the pools are doing. */
export class Forecast {
  readonly #options: ForecastOptions;

  constructor(options: ForecastOptions) {
    this.#options = options;
  }

  /**
   * When a claim with so many others before it finds a runtime, in milliseconds; see {@link availableInMs}.
   * @param suits - whether a runtime that is starting will do. Default: each of them.
   */
  availableInMs(
    pools: readonly ObjectRef[],
    ahead: number,
    suits: (runtime: Runtime) => boolean = () => true,
  ): number {
    return availableInMs(
      pools.flatMap((ref) => this.#outlookOf(ref, suits) ?? []),
      ahead,
    );
  }

  #outlookOf(ref: ObjectRef, suits: (runtime: Runtime) => boolean): PoolOutlook | undefined {
    const { pools, runtimes, startTimes, clock } = this.#options;
    const pool = pools.get(ref);
    if (!pool) return undefined;
    const all = runtimes.ofPool(ref);
    const starting = all.filter((runtime) => isStarting(runtime) && suits(runtime));
    const { desired, available, pending } = countRuntimes(pool, all);
    return {
      startMs: startTimes.of(ref),
      startingAgesMs: starting.map(({ pod }) => clock.now() - Date.parse(pod.metadata.creationTimestamp)),
      missing: isHindered(pool) ? 0 : Math.max(0, desired - available - pending),
    };
  }
}

function isStarting({ state, terminating, ended, pod }: Runtime): boolean {
  return state === "pending" && !terminating && !ended && !startFailureOf(pod);
}

/** Its last Pods failed or were refused, so that it waits before it tries another; conditions say which. */
function isHindered({ status }: RuntimePool): boolean {
  const ready = findCondition(status?.conditions ?? [], "Ready");
  return ready?.status === "False" && ready.reason !== "NoneAvailable";
}
