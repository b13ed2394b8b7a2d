import type { Clock } from "@datalayer/shared/clock/clock";

/** So many claims at once leave room for other work. */
const few = 4;
/** A pool that is claimed from without a pause is still refilled: in steps as far apart as this. */
const waitAtMostMs = 500;

/**
 * Lets claims go before the refill. Both are writes to one API server, and in a burst each Pod that is created
 * makes some user wait longer; a Pod that comes half a second later is missed by nobody.
 */
export class RightOfWay {
  readonly #clock: Clock;
  #claims = 0;
  #calm = Promise.withResolvers<undefined>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Does the work of a claim. */
  async claim<T>(work: () => Promise<T>): Promise<T> {
    this.#claims++;
    try {
      return await work();
    } finally {
      this.#leave();
    }
  }

  /** Does a part of a claim that waits for the refill: it must not hold that up. */
  async rest<T>(wait: () => Promise<T>): Promise<T> {
    this.#leave();
    try {
      return await wait();
    } finally {
      this.#claims++;
    }
  }

  /** Resolves when few claims are under way, but after half a second at the latest. */
  async giveWay(): Promise<void> {
    if (this.#claims <= few) return;
    const done = new AbortController();
    try {
      await Promise.race([
        this.#calm.promise,
        this.#clock.sleep(waitAtMostMs, done.signal).catch(() => undefined),
      ]);
    } finally {
      done.abort("calm");
    }
  }

  #leave(): void {
    this.#claims--;
    if (this.#claims !== few) return;
    this.#calm.resolve(undefined);
    this.#calm = Promise.withResolvers();
  }
}
