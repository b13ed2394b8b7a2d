import { motoComponent, motoStep } from "../cloud/moto.ts";
import { startCluster } from "../cluster/cluster.ts";
import { freePort } from "../cluster/ports.ts";
import { stderrProgress } from "../progress/progress.ts";
import { Provisioner } from "../provision/provisioner.ts";
import { readSettings } from "../settings.ts";
import { afterFile } from "./cluster.ts";

/** Starts a server that plays AWS, on loopback; answers with its URL. It ends after the test file. */
export async function startMoto(kubeconfigPath: string): Promise<string> {
  const { cacheDir, searchPath } = readSettings();
  const provisioner = new Provisioner({ cacheDir, searchPath, progress: stderrProgress() });
  const { paths } = await provisioner.provide(await motoStep(searchPath));
  // A cluster in name only: its process ends with this one, however this one ends.
  const cluster = await startCluster({ nodes: "none", attach: { kubeconfigPath } });
  afterFile(() => cluster.down());
  const port = await freePort();
  await cluster.start(await motoComponent({ server: paths.server, port, searchPath }));
  return `http://127.0.0.1:${port}`;
}
