import type { Clock } from "@datalayer/shared/clock/clock";
import type { Refusal } from "./refusal.ts";

interface Trouble {
  failures: number;
  untilMs: number;
  refusal?: Refusal;
}

/** What one reconcile did and saw; see {@link RefillBackoff.learn}. */
export interface RefillResult {
  refusal?: Refusal;
  /** A warm Pod has ended by itself, as after an eviction, or was put on a node that goes. */
  hasFailed: boolean;
  /** Pods that were created. */
  created: number;
  /** Pods that became available. */
  promoted: number;
}

const firstMs = 2_000;
const maxMs = 5 * 60_000;

/**
 * How long pools wait before they try another Pod after one failed, by revision: what a new one does to its canary
 * does not hold up the last good one. It grows with each failure of the same revision.
 */
export class RefillBackoff {
  /** By pool, then by revision. */
  readonly #troubles = new Map<string, Map<string, Trouble>>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Milliseconds until the pool may try again; 0 when it may now. */
  remainingMs(poolUid: string, revision: string): number {
    const trouble = this.#troubles.get(poolUid)?.get(revision);
    return trouble ? Math.max(0, trouble.untilMs - this.#clock.monotonicMs()) : 0;
  }

  /** Why the API server refused the last Pod; undefined when it did not, or has accepted one since. */
  refusal(poolUid: string, revision: string): Refusal | undefined {
    return this.#troubles.get(poolUid)?.get(revision)?.refusal;
  }

  /**
   * Follows what a reconcile did for a revision. Only what failed before can show that the trouble is over: a
   * Pod accepted after a refusal, a Pod available after one that failed.
   */
  learn(poolUid: string, revision: string, result: RefillResult): void {
    const trouble = this.#troubles.get(poolUid)?.get(revision);
    if (result.refusal || result.hasFailed) this.#failed(poolUid, revision, result.refusal);
    else if ((trouble?.refusal ? result.created : result.promoted) > 0)
      this.#troubles.get(poolUid)?.delete(revision);
  }

  /** The pool has nothing to do any more with other revisions than these. */
  retain(poolUid: string, revisions: readonly (string | undefined)[]): void {
    const troubles = this.#troubles.get(poolUid);
    for (const revision of troubles?.keys() ?? [])
      if (!revisions.includes(revision)) troubles?.delete(revision);
  }

  /** The pool is gone. */
  forget(poolUid: string): void {
    this.#troubles.delete(poolUid);
  }

  #failed(poolUid: string, revision: string, refusal: Refusal | undefined): void {
    const troubles = this.#troubles.get(poolUid) ?? new Map<string, Trouble>();
    const failures = (troubles.get(revision)?.failures ?? 0) + 1;
    const untilMs = this.#clock.monotonicMs() + Math.min(maxMs, firstMs * 2 ** (failures - 1));
    this.#troubles.set(poolUid, troubles.set(revision, { failures, untilMs, refusal }));
  }
}
