import type { Clock } from "../clock/clock.ts";

/** Below this, clocks are taken to agree: an answer tells whole seconds, and some of them pass on its way. */
const agreementMs = 2_000;

/**
 * The clock of the API server, as its answers tell it by their `Date`.
 *
 * Ages and deadlines compare timestamps that the API server has written with the time it is now. A machine whose clock
 * is an hour ahead would find every object an hour old the moment it is created. Replicas that all follow this clock
 * agree, whatever their machines think. While the clocks agree to within two seconds, it is that of the machine.
 */
export class ServerClock implements Clock {
  readonly #machine: Clock;
  #aheadMs = 0;

  constructor(machine: Clock) {
    this.#machine = machine;
  }

  /** Follows the `Date` header of an answer that has just arrived; anything that is no date is ignored. */
  observe(date: string | string[] | undefined): void {
    const serverMs = typeof date === "string" ? Date.parse(date) : NaN;
    if (Number.isNaN(serverMs)) return;
    const aheadMs = serverMs - this.#machine.now();
    if (Math.abs(aheadMs) <= agreementMs) this.#aheadMs = 0;
    // Kept until it is off by more than what an answer can tell: time must not waver with each answer.
    else if (Math.abs(aheadMs - this.#aheadMs) > agreementMs) this.#aheadMs = aheadMs;
  }

  now(): number {
    return this.#machine.now() + this.#aheadMs;
  }

  monotonicMs(): number {
    return this.#machine.monotonicMs();
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return this.#machine.sleep(ms, signal);
  }
}
