import { quantile, rate, type Rows } from "./dashboard.ts";

/** What every process tells of itself. @param jobs - names of processes, such as `verifier`. */
export function processRows(jobs: readonly string[]): Rows {
  const selector = jobSelector(jobs);
  return {
    Process: [
      {
        title: "Replicas",
        description: "Replicas that answer. Less than there should be: look at the Pods.",
        queries: { "{{job}}": `sum by (job) (up{${selector}})` },
      },
      {
        title: "CPU",
        description: "Cores in use. A process has one event loop, so about one core is its limit.",
        queries: { "{{job}} {{instance}}": `rate(process_cpu_seconds_total{${selector}}[5m])` },
      },
      {
        title: "Memory",
        description: "Resident memory, to compare with the limit of the Pod.",
        unit: "bytes",
        queries: { "{{job}} {{instance}}": `process_resident_memory_bytes{${selector}}` },
      },
      {
        title: "Event loop",
        description: "How late timers ran at worst. Above a second, everything else is late too.",
        unit: "s",
        queries: {
          "{{job}} {{instance}}": `datalayer_event_loop_delay_seconds{${selector},quantile="1"}`,
        },
      },
      {
        title: "Requests to the API server",
        description:
          "By status. 409 and 422 are refusals that are part of the work, 429 means that it is overloaded.",
        unit: "reqps",
        queries: { "{{code}}": rate("rest_client_requests_total", selector, "code") },
      },
      {
        title: "Age of caches",
        description: "Time since the last news from the API server, by kind. Bookmarks come every minute.",
        unit: "s",
        queries: { "{{job}} {{kind}}": `max by (job, kind) (informer_last_event_age_seconds{${selector}})` },
      },
    ],
  };
}

/** What a process with controllers tells of them. */
export function controllerRows(job: string): Rows {
  const selector = jobSelector([job]);
  return {
    Controllers: [
      {
        title: "Leader",
        description:
          "1 for the replica that leads. More or less than one, for longer than a change takes, is a fault.",
        queries: { "{{instance}}": `leader_election_master_status{${selector}}` },
      },
      {
        title: "Reconciles",
        description: "By result. Errors are tried again, later each time.",
        unit: "ops",
        queries: {
          "{{controller}} {{result}}": rate(
            "controller_runtime_reconcile_total",
            selector,
            "controller, result",
          ),
        },
      },
      {
        title: "Duration of reconciles",
        description: "The slowest of a hundred.",
        unit: "s",
        queries: {
          "{{controller}}": quantile(
            0.99,
            "controller_runtime_reconcile_time_seconds",
            selector,
            "controller",
          ),
        },
      },
      {
        title: "Waiting",
        description: "Objects that wait for a worker. Growing means that the controller does not keep up.",
        queries: { "{{controller}}": `sum by (controller) (workqueue_depth{${selector}})` },
      },
      {
        title: "Time in the queue",
        description: "How long the slowest of a hundred waited.",
        unit: "s",
        queries: {
          "{{controller}}": quantile(0.99, "workqueue_queue_duration_seconds", selector, "controller"),
        },
      },
      {
        title: "Longest work",
        description: "Time spent so far on the object being worked on for longest.",
        unit: "s",
        queries: {
          "{{controller}}": `max by (controller) (workqueue_longest_running_processor_seconds{${selector}})`,
        },
      },
    ],
  };
}

/** The selector of processes by their job. */
export function jobSelector(jobs: readonly string[]): string {
  return jobs.length === 1 ? `job="${jobs.join()}"` : `job=~"${jobs.join("|")}"`;
}
