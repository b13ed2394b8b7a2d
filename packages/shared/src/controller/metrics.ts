import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { ElectionObserver } from "./leader-election.ts";
import type { Priority, QueueObserver, WorkQueue } from "./queue.ts";

/** How a run of a reconcile ended, in controller-runtime's words. */
export type ReconcileResult = "success" | "error" | "requeue" | "requeue_after";

/** What happened in a run beside its result. */
export type ReconcileMishap = "error" | "stalled" | "timeout";

/** Measures the controllers of a process; names and labels as controller-runtime's, so that its dashboards work. */
export interface ControllerMetrics {
  /** Reports a queue's depth and work in progress at every scrape from now on; it reports the rest itself. */
  queue(controller: string): QueueObserver;
  trackQueue(controller: string, queue: WorkQueue): void;
  /** A controller has this many workers. */
  workers(controller: string, count: number): void;
  /** A run has begun; call what is returned when it has ended. */
  started(controller: string): (result: ReconcileResult) => void;
  mishap(controller: string, mishap: ReconcileMishap): void;
  election(name: string): ElectionObserver;
  /** Events that were not written because there were too many. */
  eventDropped(): void;
}

const PRIORITIES: Priority[] = ["user", "normal"];
const RUN_BUCKETS_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** Registers the controllers' metrics. Once per registry. */
export function controllerMetrics(registry: Registry): ControllerMetrics {
  return { ...reconcileMetrics(registry), ...queueMetrics(registry), ...electionMetrics(registry) };
}

function reconcileMetrics(
  registry: Registry,
): Pick<ControllerMetrics, "workers" | "started" | "mishap" | "eventDropped"> {
  const registers = [registry];
  const labelNames = ["controller"] as const;
  const counter = (name: string, help: string): Counter<"controller"> =>
    new Counter({ name: `controller_runtime_${name}`, help, labelNames, registers });
  const gauge = (name: string, help: string): Gauge<"controller"> =>
    new Gauge({ name: `controller_runtime_${name}`, help, labelNames, registers });

  const runs = new Counter({
    name: "controller_runtime_reconcile_total",
    help: "Reconciles by result.",
    labelNames: ["controller", "result"] as const,
    registers,
  });
  const mishaps: Record<ReconcileMishap, Counter<"controller">> = {
    error: counter("reconcile_errors_total", "Reconciles that threw."),
    stalled: counter(
      "terminal_reconcile_errors_total",
      "Reconciles that wait for somebody to change the object.",
    ),
    timeout: counter("reconcile_timeouts_total", "Reconciles that passed their deadline."),
  };
  const seconds = new Histogram({
    name: "controller_runtime_reconcile_time_seconds",
    help: "Duration of a reconcile.",
    labelNames,
    buckets: RUN_BUCKETS_SECONDS,
    registers,
  });
  const workers = gauge("max_concurrent_reconciles", "Workers.");
  const active = gauge("active_workers", "Workers that are reconciling.");
  const dropped = new Counter({
    name: "events_dropped_total",
    help: "Events that were not written because there were too many.",
    registers,
  });
  return {
    workers: (controller, count) => workers.set({ controller }, count),
    started: (controller) => {
      active.inc({ controller });
      const stopTimer = seconds.startTimer({ controller });
      return (result) => {
        stopTimer();
        active.dec({ controller });
        runs.inc({ controller, result });
      };
    },
    mishap: (controller, mishap) => mishaps[mishap].inc({ controller }),
    eventDropped: () => dropped.inc(),
  };
}

function queueMetrics(registry: Registry): Pick<ControllerMetrics, "queue" | "trackQueue"> {
  const queues = new Map<string, WorkQueue>();
  const registers = [registry];
  const labelNames = ["name", "controller"] as const;
  const labelsOf = (controller: string): { name: string; controller: string } => ({
    name: controller,
    controller,
  });
  const counter = (name: string, help: string): Counter<"name" | "controller"> =>
    new Counter({ name: `workqueue_${name}`, help, labelNames, registers });
  const histogram = (name: string, help: string): Histogram<"name" | "controller"> =>
    new Histogram({ name: `workqueue_${name}`, help, labelNames, buckets: RUN_BUCKETS_SECONDS, registers });
  const gauge = (name: string, help: string, read: (workingForMs: number[]) => number): void => {
    new Gauge({
      name: `workqueue_${name}`,
      help,
      labelNames,
      registers,
      collect(): void {
        for (const [controller, queue] of queues)
          this.set(labelsOf(controller), read(queue.workingForMs()) / 1000);
      },
    });
  };
  new Gauge({
    name: "workqueue_depth",
    help: "Keys that wait for a worker.",
    labelNames: [...labelNames, "priority"] as const,
    registers,
    collect(): void {
      for (const [controller, queue] of queues) {
        for (const priority of PRIORITIES) {
          this.set({ ...labelsOf(controller), priority }, queue.depthOf(priority));
        }
      }
    },
  });
  gauge("unfinished_work_seconds", "Time spent so far on keys being worked on, together.", (times) =>
    times.reduce((total, ms) => total + ms, 0),
  );
  gauge(
    "longest_running_processor_seconds",
    "Time spent so far on the key being worked on for longest.",
    (times) => Math.max(0, ...times),
  );
  const adds = counter("adds_total", "Keys added.");
  const retries = counter("retries_total", "Keys added again after a failure.");
  const queued = histogram("queue_duration_seconds", "Time a key waits for a worker.");
  const worked = histogram("work_duration_seconds", "Time a worker spends on a key.");
  return {
    trackQueue: (controller, queue) => void queues.set(controller, queue),
    queue: (controller) => {
      const labels = labelsOf(controller);
      return {
        added: () => adds.inc(labels),
        started: (queuedMs) => queued.observe(labels, queuedMs / 1000),
        finished: (workMs) => worked.observe(labels, workMs / 1000),
        retried: () => retries.inc(labels),
      };
    },
  };
}

function electionMetrics(registry: Registry): Pick<ControllerMetrics, "election"> {
  const labelNames = ["name"] as const;
  const registers = [registry];
  const leads = new Gauge({
    name: "leader_election_master_status",
    help: "1 on the replica that leads.",
    labelNames,
    registers,
  });
  const slow = new Counter({
    name: "leader_election_slowpath_total",
    help: "Renewals that had to read the lease first.",
    labelNames,
    registers,
  });
  return {
    election: (name) => {
      leads.set({ name }, 0);
      return {
        leading: (isLeading) => leads.set({ name }, isLeading ? 1 : 0),
        slowpath: () => slow.inc({ name }),
      };
    },
  };
}
