import { SettingsError } from "@datalayer/shared/config/settings";
import { settings } from "./config.ts";
import { runProcess } from "./process.ts";

try {
  await runProcess(settings.parse(process.env), settings.nearMisses(process.env));
} catch (error) {
  if (!(error instanceof SettingsError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
}
