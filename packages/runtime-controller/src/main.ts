import { SettingsError } from "@datalayer/shared/config/settings";
import { loadAccess } from "@datalayer/shared/kube/access";
import { settings } from "./config.ts";
import { runProcess } from "./process.ts";

try {
  const { env: environment } = process;
  const parsed = settings.parse(environment);
  await runProcess(parsed, loadAccess({ environment }), settings.nearMisses(environment));
} catch (error) {
  if (!(error instanceof SettingsError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
}
