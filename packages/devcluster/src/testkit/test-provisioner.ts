import { stderrProgress } from "../progress/progress.ts";
import { Provisioner } from "../provision/provisioner.ts";
import { readSettings } from "../settings.ts";

/** Provides what one test file needs beside the cluster, from the cache of all runs. */
export function testProvisioner(): Provisioner {
  const { cacheDir, searchPath } = readSettings();
  return new Provisioner({ cacheDir, searchPath, progress: stderrProgress() });
}
