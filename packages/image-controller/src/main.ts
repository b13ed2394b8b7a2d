import { loadAccess } from "@datalayer/shared/kube/access";
import { runMain } from "@datalayer/shared/process/run-main";
import { settings } from "./config.ts";
import { runProcess } from "./process.ts";

const { env } = process;
await runMain(() =>
  runProcess(settings.parse(env), loadAccess({ environment: env }), settings.nearMisses(env)),
);
