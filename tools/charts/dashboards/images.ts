import { buildDashboard, quantile, rate } from "./dashboard.ts";
import { controllerRows, jobSelector, processRows } from "./process-rows.ts";

const job = "image-controller";
const builds = jobSelector([job]);

/** Builds that ended within an hour, as far as they are of these reasons. */
const ended = (reasons: string): string => `increase(datalayer_image_builds_total{${builds}${reasons}}[1h])`;
const notAsked = "Cancelled|Superseded";

/** What the image-controller does. */
export const images = buildDashboard({
  uid: "datalayer-images",
  title: "Datalayer / Images",
  rows: {
    Builds: [
      {
        title: "Builds under way",
        description: "Those that run, and those that wait for their turn.",
        queries: {
          running: `sum(datalayer_image_builds_running{${builds}})`,
          waiting: `sum(datalayer_image_builds_waiting{${builds}})`,
        },
      },
      {
        title: "Builds that ended",
        description: "Within an hour, by reason: Succeeded, or why not.",
        queries: { "{{reason}}": `sum by (reason) (${ended("")})` },
      },
      {
        title: "Builds that failed",
        description:
          "Their share of those that ended within an hour and were neither cancelled nor superseded.",
        unit: "percentunit",
        queries: {
          failed: `sum(${ended(`,reason!~"Succeeded|${notAsked}"`)}) / sum(${ended(`,reason!~"${notAsked}"`)})`,
        },
      },
      {
        title: "Duration of builds",
        description: "How long their containers ran: nine of ten took no longer.",
        unit: "s",
        queries: { "{{result}}": quantile(0.9, "datalayer_image_build_duration_seconds", builds, "result") },
      },
      {
        title: "Requests to registries",
        description: "By method, and by the class of the status or failed.",
        unit: "reqps",
        queries: {
          "{{method}} {{outcome}}": rate(
            "datalayer_image_registry_requests_total",
            builds,
            "method, outcome",
          ),
        },
      },
    ],
    ...controllerRows(job),
    ...processRows([job]),
  },
});
