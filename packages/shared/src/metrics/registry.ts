import { collectDefaultMetrics, Gauge, Registry } from "prom-client";
import { LoopLag } from "./loop-lag.ts";

/** The metrics of one process. */
export interface Metrics {
  /** Metric sets live beside what they measure and register here. */
  readonly registry: Registry;
  /** How late the event loop runs; asked before leadership is claimed. */
  readonly loopLag: LoopLag;
  /** Stops what measures in the background. */
  stop(): void;
}

/**
 * Makes the registry of a process, with Node's and the process's own metrics, the delay of the event loop and
 * `datalayer_build_info`. Call it once per process: Node's metrics are process-wide.
 */
export function createMetrics(options: { controller: string; version?: string }): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const loopLag = new LoopLag();
  publishLoopDelay(registry, loopLag);
  const { controller, version = "dev" } = options;
  const build = new Gauge({
    name: "datalayer_build_info",
    help: "Always 1; the labels say what runs.",
    labelNames: ["controller", "version", "node"],
    registers: [registry],
  });
  build.set({ controller, version, node: process.version }, 1);
  return { registry, loopLag, stop: () => loopLag.stop() };
}

/** Unlike `nodejs_eventloop_lag_*`, whose samples contain their interval of 10 ms. */
function publishLoopDelay(registry: Registry, loopLag: LoopLag): void {
  new Gauge({
    name: "datalayer_event_loop_delay_seconds",
    help: "How late the event loop ran its timers, since the last time this was read.",
    labelNames: ["quantile"],
    registers: [registry],
    collect() {
      const delays = loopLag.takeDelaysMs();
      for (const [quantile, ms] of Object.entries(delays)) this.set({ quantile }, ms / 1_000);
    },
  });
}
