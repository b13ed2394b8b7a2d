import type { Clock } from "@datalayer/shared/clock/clock";
import type { Refusal } from "./refusal.ts";

interface Trouble {
  revision: string;
  failures: number;
  untilMs: number;
  refusal?: Refusal;
}

/** What one reconcile did and saw; see {@link RefillBackoff.learn}. */
export interface RefillResult {
  refusal?: Refusal;
  /** A warm Pod has ended by itself, as after an eviction. */
  hasEnded: boolean;
  /** Pods that were created. */
  created: number;
  /** Pods that became available. */
  promoted: number;
}

const firstMs = 2_000;
const maxMs = 5 * 60_000;

/**
 * How long pools wait before they try another Pod after one failed. It grows with each failure of the same
 * revision; a new revision starts afresh.
 */
export class RefillBackoff {
  readonly #troubles = new Map<string, Trouble>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Milliseconds until the pool may try again; 0 when it may now. */
  remainingMs(poolUid: string, revision: string): number {
    const trouble = this.#troubleOf(poolUid, revision);
    return trouble ? Math.max(0, trouble.untilMs - this.#clock.monotonicMs()) : 0;
  }

  /** Why the API server refused the last Pod; undefined when it did not, or has accepted one since. */
  refusal(poolUid: string, revision: string): Refusal | undefined {
    return this.#troubleOf(poolUid, revision)?.refusal;
  }

  /**
   * Follows what a reconcile did for a revision. Only what failed before can show that the trouble is over: a
   * Pod accepted after a refusal, a Pod available after one that ended.
   */
  learn(poolUid: string, revision: string, result: RefillResult): void {
    const trouble = this.#troubleOf(poolUid, revision);
    if (result.refusal || result.hasEnded) this.#failed(poolUid, revision, result.refusal);
    else if ((trouble?.refusal ? result.created : result.promoted) > 0) this.forget(poolUid);
  }

  /** The pool is gone. */
  forget(poolUid: string): void {
    this.#troubles.delete(poolUid);
  }

  #failed(poolUid: string, revision: string, refusal: Refusal | undefined): void {
    const failures = (this.#troubleOf(poolUid, revision)?.failures ?? 0) + 1;
    const untilMs = this.#clock.monotonicMs() + Math.min(maxMs, firstMs * 2 ** (failures - 1));
    this.#troubles.set(poolUid, { revision, failures, untilMs, refusal });
  }

  #troubleOf(poolUid: string, revision: string): Trouble | undefined {
    const trouble = this.#troubles.get(poolUid);
    return trouble?.revision === revision ? trouble : undefined;
  }
}
