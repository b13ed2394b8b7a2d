import { SettingsError } from "../config/settings.ts";

/** Runs what a process is there for. Settings that are not usable end it with 2, and a line for each of them. */
export async function runMain(run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 2;
  }
}
