import type { Clock } from "@datalayer/shared/clock/clock";

interface Trouble {
  revision: string;
  failures: number;
  untilMs: number;
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
    const trouble = this.#troubles.get(poolUid);
    if (trouble?.revision !== revision) return 0;
    return Math.max(0, trouble.untilMs - this.#clock.monotonicMs());
  }

  /** A Pod of the revision failed or was refused. */
  failed(poolUid: string, revision: string): void {
    const trouble = this.#troubles.get(poolUid);
    const failures = trouble?.revision === revision ? trouble.failures + 1 : 1;
    const delayMs = Math.min(maxMs, firstMs * 2 ** (failures - 1));
    this.#troubles.set(poolUid, { revision, failures, untilMs: this.#clock.monotonicMs() + delayMs });
  }

  /** A Pod became available, or the pool is gone. */
  reset(poolUid: string): void {
    this.#troubles.delete(poolUid);
  }
}
