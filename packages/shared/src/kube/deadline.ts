/**
 * The time that one call may take, with the signals that end it earlier. Listeners are removed by
 * {@link Deadline.dispose}, so a signal that lives as long as the process holds on to nothing.
 */
export class Deadline {
  readonly timeoutMs: number;
  readonly #controller = new AbortController();
  readonly #signals: readonly AbortSignal[];
  readonly #timer: NodeJS.Timeout;
  readonly #endsAtMs: number;
  #expired = false;

  constructor(timeoutMs: number, signals: readonly AbortSignal[]) {
    this.timeoutMs = timeoutMs;
    this.#signals = signals;
    this.#endsAtMs = performance.now() + timeoutMs;
    this.#timer = setTimeout(this.#expire, timeoutMs);
    for (const signal of signals) {
      if (signal.aborted) this.#abort(signal);
      else signal.addEventListener("abort", this.#onAbort);
    }
  }

  /** Aborts when time is up or the caller gives up. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** True when time was up; false when a caller's signal came first. */
  get expired(): boolean {
    return this.#expired;
  }

  /** Negative once time is up. */
  get remainingMs(): number {
    return this.#endsAtMs - performance.now();
  }

  /**
   * Whether it is over by now. Asks each signal, as some look at a clock: in a process that was paused the code
   * that is about to send may run before any timer and its listeners.
   */
  isOver(): boolean {
    for (const signal of this.#signals) if (signal.aborted) this.#abort(signal);
    return this.signal.aborted;
  }

  /** Time no longer matters; the signals still do. */
  stopTimer(): void {
    clearTimeout(this.#timer);
  }

  /** Ends the timer and forgets the signals. */
  dispose(): void {
    clearTimeout(this.#timer);
    for (const signal of this.#signals) signal.removeEventListener("abort", this.#onAbort);
  }

  readonly #expire = (): void => {
    this.#expired = true;
    this.#controller.abort(new Error(`no answer within ${this.timeoutMs} ms`));
  };

  readonly #onAbort = (event: Event): void => this.#abort(event.target as AbortSignal);

  #abort(signal: AbortSignal): void {
    this.#controller.abort(signal.reason);
  }
}
