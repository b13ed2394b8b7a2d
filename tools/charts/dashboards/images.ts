import { buildDashboard } from "./dashboard.ts";
import { controllerRows, processRows } from "./process-rows.ts";

const job = "image-controller";

/** What the image-controller does. */
export const images = buildDashboard({
  uid: "datalayer-images",
  title: "Datalayer / Images",
  rows: { ...controllerRows(job), ...processRows([job]) },
});
