import { objectPath, withQuery } from "@datalayer/shared/kube/paths";
import { Pod } from "@datalayer/shared/kube/kinds";
import type { Cluster } from "../cluster/cluster.ts";

/** Which part of a container's log. */
export interface LogSelection {
  container?: string;
  /** That of the container that ended before this one. */
  previous?: boolean;
  /** The last lines only. */
  tailLines?: number;
  /** RFC 3339. */
  sinceTime?: string;
  sinceSeconds?: number;
  follow?: boolean;
  /** A time before each line. */
  timestamps?: boolean;
}

/** Opens the log of a container, as the API server streams it. */
export function openLog(
  { client, namespace }: Pick<Cluster, "client" | "namespace">,
  pod: string,
  selection: LogSelection,
  signal?: AbortSignal,
): ReturnType<Cluster["client"]["stream"]> {
  const path = objectPath(Pod, { namespace, name: pod }, "log");
  return client.stream(withQuery(path, { ...selection }), { ...(signal && { signal }) });
}

/** The log of a container as lines; the reason, where it cannot be read. */
export async function readLog(
  cluster: Pick<Cluster, "client" | "namespace">,
  pod: string,
  selection: LogSelection,
): Promise<string[]> {
  try {
    const log = await openLog(cluster, pod, selection);
    const text = await log.body.text();
    log.close();
    return text.split("\n").filter((line) => line !== "");
  } catch (error) {
    return [`(no log: ${error instanceof Error ? error.message : String(error)})`];
  }
}
