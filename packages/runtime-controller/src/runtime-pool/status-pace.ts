import { isDeepStrictEqual } from "node:util";
import type { Clock } from "@datalayer/shared/clock/clock";
import { findCondition, SETTLED } from "@datalayer/shared/controller/conditions";
import type { Report } from "@datalayer/shared/controller/controller";
import type { RuntimePool } from "@datalayer/shared/crds/runtime-pool";

const everyMs = 1_000;

/**
 * Writes the counts of a pool at most once a second: at fifty claims a second they would otherwise cost more
 * writes than the claims. A change of its conditions is written at once.
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
    if (isDeepStrictEqual(countsOf(pool.status ?? {}), countsOf(report.status ?? {}))) return report;
    const waitMs = (this.#writtenAtMs.get(uid) ?? -Infinity) + everyMs - nowMs;
    const postponed = waitMs > 0 && saysTheSame(pool, report) ? postpone(report, waitMs) : undefined;
    if (!postponed) this.#writtenAtMs.set(uid, nowMs);
    return postponed ?? report;
  }

  /** The pool is gone. */
  forget(poolUid: string): void {
    this.#writtenAtMs.delete(poolUid);
  }
}

function postpone(
  { conditions, outcome }: Report<RuntimePool>,
  waitMs: number,
): Report<RuntimePool> | undefined {
  switch (outcome.kind) {
    case "settled":
      return { conditions, outcome: { ...outcome, recheckAfterMs: waitMs } };
    case "waiting":
      return { conditions, outcome: { ...outcome, retryAfterMs: waitMs } };
    case "stalled":
      return undefined; // it would not be looked at again
  }
}

/** Whether the report repeats the conditions that the pool has, for the spec that it has. */
function saysTheSame(
  { metadata, status }: RuntimePool,
  { conditions = [], outcome }: Report<RuntimePool>,
): boolean {
  const current = status?.conditions ?? [];
  const reason = outcome.kind === "settled" ? SETTLED : outcome.reason;
  return (
    status?.observedGeneration === metadata.generation &&
    findCondition(current, "Reconciling")?.reason === reason &&
    conditions.every((reported) => {
      const before = findCondition(current, reported.type);
      return before?.status === reported.status && before.reason === reported.reason;
    })
  );
}

function countsOf({ desired, available, pending, assigned }: NonNullable<RuntimePool["status"]>): unknown {
  return { desired, available, pending, assigned };
}
