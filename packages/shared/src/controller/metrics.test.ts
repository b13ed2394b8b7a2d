import { Registry } from "prom-client";
import { describe, expect, it } from "vitest";
import { ManualClock } from "../clock/manual-clock.ts";
import { controllerMetrics } from "./metrics.ts";
import { WorkQueue } from "./queue.ts";

async function sample(registry: Registry, start: string): Promise<string | undefined> {
  const text = await registry.metrics();
  return text.split("\n").find((line) => line.startsWith(start));
}

describe("the controllers' metrics", () => {
  it("have controller-runtime's names and labels", () => {
    const registry = new Registry();
    controllerMetrics(registry);
    const names = registry.getMetricsAsArray().map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining([
        "controller_runtime_reconcile_total",
        "controller_runtime_reconcile_errors_total",
        "controller_runtime_terminal_reconcile_errors_total",
        "controller_runtime_reconcile_timeouts_total",
        "controller_runtime_reconcile_time_seconds",
        "controller_runtime_max_concurrent_reconciles",
        "controller_runtime_active_workers",
        "workqueue_depth",
        "workqueue_adds_total",
        "workqueue_queue_duration_seconds",
        "workqueue_work_duration_seconds",
        "workqueue_unfinished_work_seconds",
        "workqueue_longest_running_processor_seconds",
        "workqueue_retries_total",
        "leader_election_master_status",
        "leader_election_slowpath_total",
      ]),
    );
  });

  it("show a queue as it is when they are read", async () => {
    const registry = new Registry();
    const metrics = controllerMetrics(registry);
    const clock = new ManualClock();
    const queue = new WorkQueue({ name: "pool", clock, observer: metrics.queue("pool") });
    metrics.trackQueue("pool", queue);
    for (const key of ["a", "b", "c"]) queue.add(key);
    queue.add("u", { priority: "user" });
    await queue.take();
    await queue.take();
    await clock.advance(2_000);
    const labels = 'name="pool",controller="pool"';
    const of = (name: string, more = ""): Promise<string | undefined> =>
      sample(registry, `workqueue_${name}{${labels}${more}}`);
    expect(await of("depth", ',priority="normal"')).toMatch(/ 2$/);
    expect(await of("depth", ',priority="user"')).toMatch(/ 0$/);
    expect(await of("adds_total")).toMatch(/ 4$/);
    expect(await of("unfinished_work_seconds")).toMatch(/ 4$/);
    expect(await of("longest_running_processor_seconds")).toMatch(/ 2$/);
    queue.done("u");
    expect(await of("work_duration_seconds_sum")).toMatch(/ 2$/);
  });

  it("count a run by its result", async () => {
    const registry = new Registry();
    const metrics = controllerMetrics(registry);
    const end = metrics.started("pool");
    expect(await sample(registry, "controller_runtime_active_workers{")).toMatch(/ 1$/);
    end("requeue_after");
    expect(await sample(registry, "controller_runtime_active_workers{")).toMatch(/ 0$/);
    const total = 'controller_runtime_reconcile_total{controller="pool",result="requeue_after"}';
    expect(await sample(registry, total)).toMatch(/ 1$/);
  });
});
