import type { Clock } from "@datalayer/shared/clock/clock";
import type { Report } from "@datalayer/shared/controller/controller";
import type { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import { isDeepStrictEqual } from "node:util";

const everyMs = 1_000;

/**
 * Writes the counts of a pool at most once a second: at fifty claims a second they would otherwise cost more
 * writes than the claims.
 */
export class StatusPace {
  readonly #writtenAtMs = new Map<string, number>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The report, without its counts when they were written a moment ago; then it is looked at again in time. */
  ration(pool: RuntimePool, report: Report<RuntimePool>): Report<RuntimePool> {
    const { uid } = pool.metadata;
    const nowMs = this.#clock.monotonicMs();
    const waitMs = (this.#writtenAtMs.get(uid) ?? -Infinity) + everyMs - nowMs;
    if (isDeepStrictEqual(countsOf(pool.status ?? {}), countsOf(report.status ?? {}))) return report;
    if (waitMs > 0 && report.outcome.kind === "settled") {
      return { ...report, status: undefined, outcome: { kind: "settled", recheckAfterMs: waitMs } };
    }
    this.#writtenAtMs.set(uid, nowMs);
    return report;
  }

  /** The pool is gone. */
  forget(poolUid: string): void {
    this.#writtenAtMs.delete(poolUid);
  }
}

function countsOf({ desired, available, pending, assigned }: NonNullable<RuntimePool["status"]>): unknown {
  return { desired, available, pending, assigned };
}
