import { readdir, readFile } from "node:fs/promises";
import type { DevCluster } from "@datalayer/devcluster/cluster";

/** The Traefik of the cluster. */
export interface DataPlaneProcess {
  /** Of its entry point. */
  url: string;
  /** Of its API. */
  apiUrl: string;
  /** Processor time that it has used, in seconds. */
  cpuSeconds(): Promise<number>;
  /** Its resident memory. */
  rssBytes(): Promise<number>;
}

/** Linux counts processor time in hundredths of a second, whatever its clock runs at. */
const ticksPerSecond = 100;

/** Finds the process of Traefik by where it listens. @throws Error when the cluster has none. */
export async function findDataPlane({
  traefik: url,
  traefikApi: apiUrl,
}: DevCluster): Promise<DataPlaneProcess> {
  if (url === undefined || apiUrl === undefined) throw new Error("the cluster was started without Traefik");
  const pid = await processWith(`--entrypoints.traefik.address=${new URL(apiUrl).host}`);
  return {
    url,
    apiUrl,
    cpuSeconds: async () => {
      // After the name of the program, which may hold anything; utime and stime are fields 14 and 15 of all.
      const fields = (await readFile(`/proc/${pid}/stat`, "utf8")).replace(/^.*\) /s, "").split(" ");
      return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
    },
    rssBytes: async () => {
      const status = await readFile(`/proc/${pid}/status`, "utf8");
      return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
    },
  };
}

async function processWith(argument: string): Promise<number> {
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    // It may have ended meanwhile.
    const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    const [program = "", ...args] = command.split("\0");
    if (program.endsWith("traefik") && args.includes(argument)) return Number(pid);
  }
  throw new Error(`no process has the argument ${argument}`);
}
