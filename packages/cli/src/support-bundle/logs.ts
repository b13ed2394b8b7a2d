import type { Pod } from "@datalayer/shared/kube/kinds";
import type { Cluster } from "../cluster/cluster.ts";
import { readLog } from "../observe/pod-log.ts";
import type { Entry } from "./archive.ts";

const LINES = 20_000;

/** Reads what the containers of some Pods wrote, and those that ended before them. */
export async function gatherLogs(cluster: Cluster, pods: readonly Pod[], sinceMs: number): Promise<Entry[]> {
  const sinceSeconds = Math.max(1, Math.ceil(sinceMs / 1000));
  const selection = { tailLines: LINES, sinceSeconds, timestamps: true };
  const entries = await Promise.all(
    pods.flatMap((pod) =>
      containersOf(pod).map(async ({ container, hasEnded }) => {
        const name = `logs/${pod.metadata.name}/${container}`;
        const files = [
          {
            name: `${name}.log`,
            lines: await readLog(cluster, pod.metadata.name, { ...selection, container }),
          },
        ];
        if (hasEnded) {
          const lines = await readLog(cluster, pod.metadata.name, {
            ...selection,
            container,
            previous: true,
          });
          files.push({ name: `${name}.previous.log`, lines });
        }
        return files.map(({ name: file, lines }) => ({
          name: file,
          text: lines.map((line) => `${line}\n`).join(""),
        }));
      }),
    ),
  );
  return entries.flat();
}

function containersOf({ status }: Pod): { container: string; hasEnded: boolean }[] {
  const all = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  return all.map(({ name, restartCount }) => ({ container: name, hasEnded: restartCount > 0 }));
}
