import type { Clock } from "../clock/clock.ts";

/** How many at once, and how many per second after that. */
export interface BucketLimits {
  burst: number;
  perSecond: number;
}

/** Lets a burst through, then a steady rate. */
export class TokenBucket {
  readonly #clock: Clock;
  readonly #limits: BucketLimits;
  #tokens: number;
  #atMs: number;

  constructor(limits: BucketLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
    this.#tokens = limits.burst;
    this.#atMs = clock.monotonicMs();
  }

  /** Takes one token; false, and nothing taken, when there is none. */
  take(): boolean {
    this.#refill();
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }

  /** Milliseconds until {@link TokenBucket.take} succeeds; 0 when it does now. */
  waitMs(): number {
    this.#refill();
    return this.#tokens >= 1 ? 0 : ((1 - this.#tokens) / this.#limits.perSecond) * 1000;
  }

  #refill(): void {
    const nowMs = this.#clock.monotonicMs();
    const gained = ((nowMs - this.#atMs) / 1000) * this.#limits.perSecond;
    this.#tokens = Math.min(this.#limits.burst, this.#tokens + gained);
    this.#atMs = nowMs;
  }
}
