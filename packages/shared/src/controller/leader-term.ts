import type { Clock } from "../clock/clock.ts";

/** Why a term ended before it was given back. */
class LeadershipLostError extends Error {
  override readonly name = "LeadershipLostError";
}

/** The time in which this process leads. */
export interface Term {
  /**
   * Aborted the moment the term is lost: bind every write to it. Reading `aborted` looks at the clock as well, so
   * that a process that was paused past its deadline writes nothing, even before its timers get to run.
   */
  readonly signal: AbortSignal;
  /** Grows with every leader: whom to believe, where two of them act outside the API server. */
  readonly epoch: number;
}

/** A term that lasts until a deadline, which each renewal moves. Monotonic milliseconds throughout. */
export class LeaderTerm implements Term {
  readonly epoch: number;
  readonly #clock: Clock;
  readonly #controller = new AbortController();
  #untilMs: number;
  #over = false;

  constructor(clock: Clock, epoch: number, untilMs: number) {
    this.#clock = clock;
    this.epoch = epoch;
    this.#untilMs = untilMs;
    // Shadows the prototype's getter on this one signal; listeners still hear the ordinary abort event.
    Object.defineProperty(this.#controller.signal, "aborted", { get: () => this.isOver() });
    void this.#endAtDeadline();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Moves the deadline; too late once the term is over. */
  extend(untilMs: number): void {
    if (!this.isOver()) this.#untilMs = untilMs;
  }

  /** Ends the term at once. */
  end(message: string): void {
    if (this.#over) return;
    this.#over = true;
    this.#controller.abort(new LeadershipLostError(message));
  }

  /** Whether the term has ended; ends it when its deadline has passed. */
  isOver(): boolean {
    if (!this.#over && this.#clock.monotonicMs() >= this.#untilMs) {
      this.end("The lease was not renewed in time.");
    }
    return this.#over;
  }

  async #endAtDeadline(): Promise<void> {
    while (!this.isOver()) {
      const leftMs = this.#untilMs - this.#clock.monotonicMs();
      await this.#clock.sleep(Math.max(0, leftMs), this.#controller.signal).catch(() => undefined);
    }
  }
}
