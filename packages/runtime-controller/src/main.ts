import { loadAccess } from "@datalayer/shared/kube/access";
import { runMain } from "@datalayer/shared/process/run-main";
import { settings } from "./config.ts";
import { forgetAwsKeys } from "./node-scaling/executors/cloud-credentials.ts";
import { runProcess } from "./process.ts";

const { env: environment } = process;
await runMain(() => {
  const parsed = settings.parse(environment);
  forgetAwsKeys(environment);
  return runProcess(parsed, loadAccess({ environment }), settings.nearMisses(environment));
});
