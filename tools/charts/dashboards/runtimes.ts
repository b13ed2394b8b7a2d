import { buildDashboard, quantile, rate } from "./dashboard.ts";
import { controllerRows, jobSelector, processRows } from "./process-rows.ts";

const job = "runtime-controller";
const selector = jobSelector([job]);

/** What the runtime-controller does for users. */
export const runtimes = buildDashboard({
  uid: "datalayer-runtimes",
  title: "Datalayer / Runtimes",
  rows: {
    Claims: [
      {
        title: "Claims",
        description: "By result: assigned, or the type of the problem that was answered.",
        unit: "reqps",
        queries: { "{{result}}": rate("datalayer_claim_duration_seconds_count", selector, "result") },
      },
      {
        title: "Time to a runtime",
        description: "From the request to the answer, of claims that got a runtime.",
        unit: "s",
        queries: {
          half: quantile(0.5, "datalayer_claim_duration_seconds", `${selector},result="assigned"`),
          "99 of 100": quantile(0.99, "datalayer_claim_duration_seconds", `${selector},result="assigned"`),
        },
      },
      {
        title: "Claims that wait",
        description:
          "Claims for which no runtime was warm. If this stays above zero, pools are too small, or do not refill.",
        queries: { "{{instance}}": `datalayer_claim_queue_depth{${selector}}` },
      },
      {
        title: "Time waited",
        description: "How long the slowest of a hundred waited, by how that ended.",
        unit: "s",
        queries: { "{{result}}": quantile(0.99, "datalayer_claim_queue_waited_seconds", selector, "result") },
      },
      {
        title: "Lost candidates",
        description: "Warm runtimes that another claim took first. About 5 for 100 claims is usual.",
        unit: "ops",
        queries: { lost: `sum(rate(datalayer_claim_lost_candidates_total{${selector}}[5m]))` },
      },
      {
        title: "Answers of the REST API",
        description: "By status.",
        unit: "reqps",
        queries: { "{{code}}": rate("http_request_duration_seconds_count", selector, "code") },
      },
    ],
    Use: [
      {
        title: "Runtimes in use",
        description: "Seconds of use in a second: how many runtimes users had, by environment.",
        queries: { "{{environment}}": rate("datalayer_runtime_used_seconds_total", selector, "environment") },
      },
      {
        title: "Credits",
        description: "Credits that ended runtimes used in a second, by environment.",
        queries: { "{{environment}}": rate("datalayer_runtime_used_credits_total", selector, "environment") },
      },
      {
        title: "Ends",
        description:
          "Runtimes that ended, by reason. PodEnded and NodeDrained are what users complain about.",
        unit: "ops",
        queries: { "{{reason}}": rate("datalayer_runtime_ended_total", selector, "reason") },
      },
      {
        title: "Usage not delivered",
        description: "Records that the sink has not taken yet.",
        queries: { records: `max(datalayer_usage_undelivered{${selector}})` },
      },
      {
        title: "Deliveries of usage",
        description: "By result.",
        unit: "ops",
        queries: { "{{result}}": rate("datalayer_usage_deliveries_total", selector, "result") },
      },
      {
        title: "Activity unknown",
        description: "Runtimes that do not say when they were used. They do not end as idle.",
        queries: { runtimes: `max(datalayer_runtime_activity_unknown{${selector}})` },
      },
    ],
    ...controllerRows(job),
    ...processRows([job]),
  },
});
