import { afterEach, describe, expect, it } from "vitest";
import { createMetrics, type Metrics } from "./registry.ts";

let metrics: Metrics;

afterEach(() => metrics.stop());

/** Keeps the event loop busy, which is what is measured here. */
function blockLoop(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

describe("the metrics of a process", () => {
  it("tell what runs and how the process and Node fare", async () => {
    metrics = createMetrics({ controller: "runtime-controller", version: "1.2.3" });
    const text = await metrics.registry.metrics();
    expect(text).toContain('datalayer_build_info{controller="runtime-controller",version="1.2.3"');
    expect(text).toContain("process_resident_memory_bytes");
    expect(text).toContain("nodejs_eventloop_lag_p99_seconds");
  });

  it("show a blocked event loop at once, to the callback that ends the block", () => {
    metrics = createMetrics({ controller: "test" });
    blockLoop(300);
    expect(metrics.loopLag.lagMs()).toBeGreaterThanOrEqual(250);
  });

  it("publish the delay of the event loop once the block is over", async () => {
    metrics = createMetrics({ controller: "test" });
    const worst = async () => {
      const text = await metrics.registry.metrics();
      return Number(/datalayer_event_loop_delay_seconds\{quantile="1"\} (\S+)/.exec(text)?.[1]);
    };
    expect(await worst()).toBe(0);
    blockLoop(300);
    await expect.poll(worst, { interval: 1 }).toBeGreaterThan(0.25);
    await expect.poll(worst).toBeLessThan(0.25);
  });

  it("forget a block after a few seconds", async () => {
    metrics = createMetrics({ controller: "test" });
    blockLoop(1_000);
    await expect.poll(() => metrics.loopLag.lagMs(), { timeout: 10_000 }).toBeLessThan(900);
  });
});
