import { buildDashboard, quantile, rate } from "./dashboard.ts";
import { controllerRows, jobSelector, processRows } from "./process-rows.ts";

const controller = "route-controller";
const verifier = jobSelector(["verifier"]);
const gateway = jobSelector(["runtime-gateway"]);

/** What the route-controller, the verifier and the runtime gateway do. */
export const routes = buildDashboard({
  uid: "datalayer-routes",
  title: "Datalayer / Routes",
  rows: {
    Verifier: [
      {
        title: "Decisions",
        description: "Requests by result: allowed, or why not.",
        unit: "reqps",
        queries: { "{{result}}": rate("datalayer_verifier_decisions_total", verifier, "result") },
      },
      {
        title: "Time of a decision",
        description: "The slowest of a hundred, by the way of spec.auth. It is added to each request.",
        unit: "s",
        queries: {
          "{{auth}}": quantile(0.99, "datalayer_verifier_decision_duration_seconds", verifier, "auth"),
        },
      },
      {
        title: "Reads of keys",
        description:
          "Attempts to read the keys of issuers. When they fail for an hour, nobody with a token comes in.",
        unit: "ops",
        queries: { "{{result}}": rate("datalayer_verifier_keys_read_total", verifier, "result") },
      },
      {
        title: "Remembered decisions",
        description: "The share of decisions that were remembered.",
        unit: "percentunit",
        queries: {
          hits: `sum(rate(datalayer_verifier_decision_lookups_total{${verifier},result="hit"}[5m])) / sum(rate(datalayer_verifier_decision_lookups_total{${verifier}}[5m]))`,
        },
      },
      {
        title: "Questions under way",
        description:
          "Questions to services of auth.forward and auth.platform; more than 256 to one of them are refused.",
        queries: { "{{instance}}": `datalayer_verifier_upstream_requests{${verifier}}` },
      },
      {
        title: "Decisions in memory",
        description: "By replica, at most DATALAYER_VERIFIER_DECISIONS.",
        queries: { "{{instance}}": `datalayer_verifier_remembered_decisions{${verifier}}` },
      },
    ],
    "Runtime gateway": [
      {
        title: "Answers of runtimes",
        description: "By status; 101 are opened WebSockets.",
        unit: "reqps",
        queries: { "{{code}}": rate("datalayer_gateway_answers_total", gateway, "code") },
      },
      {
        title: "Answers of the gateway itself",
        description: "Requests that reached no runtime. 0 stands for answers that broke off.",
        unit: "reqps",
        queries: { "{{code}}": rate("datalayer_gateway_failures_total", gateway, "code") },
      },
      {
        title: "WebSockets",
        description: "Open ones, by replica.",
        queries: { "{{instance}}": `datalayer_gateway_websockets{${gateway}}` },
      },
    ],
    ...controllerRows(controller),
    ...processRows([controller, "verifier", "runtime-gateway"]),
  },
});
