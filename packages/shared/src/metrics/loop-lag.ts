import { createHistogram } from "node:perf_hooks";

const BEAT_MS = 20;
/** A delay is remembered for one to two of these. */
const WINDOW_MS = 2_000;

/** Delays of the event loop in milliseconds, by quantile. */
export type LoopDelays = Record<"0.5" | "0.9" | "0.99" | "1", number>;

/**
 * Watches how late the event loop runs a timer. Gives percentiles for a metric and {@link LoopLag.lagMs} for
 * decisions. `monitorEventLoopDelay` is not used: its `reset` loses a block that has just ended, and its samples
 * contain its own interval. Does not keep the process alive.
 */
export class LoopLag {
  readonly #delays = createHistogram();
  readonly #timer: NodeJS.Timeout;
  #beatAt = performance.now();
  #windowAt = this.#beatAt;
  #worstMs = 0;
  #worstBeforeMs = 0;

  constructor() {
    this.#timer = setInterval(() => this.#beat(), BEAT_MS);
    this.#timer.unref();
  }

  /**
   * The worst delay of the last two to four seconds, in milliseconds. Sees a block also in the very callback
   * that ends it, before any timer has run.
   */
  lagMs(): number {
    return Math.max(this.#sinceBeatMs(), this.#worstMs, this.#worstBeforeMs);
  }

  /** Percentiles since the last call. Has one reader: the metric. */
  takeDelaysMs(): LoopDelays {
    const at = (percentile: number) =>
      this.#delays.count > 0 ? this.#delays.percentile(percentile) / 1e6 : 0;
    const delays = { "0.5": at(50), "0.9": at(90), "0.99": at(99), "1": at(100) };
    this.#delays.reset();
    return delays;
  }

  /** Ends the watch. */
  stop(): void {
    clearInterval(this.#timer);
  }

  #beat(): void {
    const delayMs = this.#sinceBeatMs();
    this.#beatAt = performance.now();
    this.#delays.record(Math.max(1, Math.round(delayMs * 1e6)));
    this.#worstMs = Math.max(this.#worstMs, delayMs);
    if (this.#beatAt - this.#windowAt < WINDOW_MS) return;
    this.#windowAt = this.#beatAt;
    this.#worstBeforeMs = this.#worstMs;
    this.#worstMs = 0;
  }

  #sinceBeatMs(): number {
    return Math.max(0, performance.now() - this.#beatAt - BEAT_MS);
  }
}
