import { loadAccess } from "@datalayer/shared/kube/access";
import { runMain } from "@datalayer/shared/process/run-main";
import { settings } from "./config.ts";
import { runProcess } from "./process.ts";

const { env: environment } = process;
await runMain(() =>
  runProcess(settings.parse(environment), loadAccess({ environment }), settings.nearMisses(environment)),
);
