import { isRunning } from "../process/identity.ts";
import type { ClusterState } from "../process/state.ts";
import { isComponent } from "../process/stop.ts";

/** One process of a cluster, for the reader. */
interface ComponentStatus {
  name: string;
  running: boolean;
  pid: number;
  port?: number;
  /** Time since its start, in milliseconds; undefined when it has ended. */
  uptimeMs?: number;
  logPath: string;
}

/** One cluster, for the reader. */
export interface ClusterStatus {
  name: string;
  /** `starting`: not all parts work yet. `abandoned`: its owner died; the next `up` removes it. */
  state: "starting" | "running" | "attached" | "abandoned";
  nodes: string;
  server?: string;
  kubeconfigPath?: string;
  /** `host:port` of parts that others use, by name. */
  addresses: Record<string, string>;
  components: ComponentStatus[];
}

/** What there is to say about a cluster now; undefined when there is none in that folder. */
export async function clusterStatus(state: ClusterState, nowMs: number): Promise<ClusterStatus | undefined> {
  const record = await state.readCluster();
  if (record === undefined) {
    return undefined;
  }
  const components = await Promise.all(
    (await state.readComponents()).map(async (component) => {
      const running = await isComponent(component);
      const { name, process, port, logPath, startedAt } = component;
      return {
        name,
        running,
        pid: process.pid,
        port,
        uptimeMs: running ? nowMs - startedAt : undefined,
        logPath,
      };
    }),
  );
  const { name, nodes, server, kubeconfigPath, addresses } = record;
  const ownerAlive = record.owner === null || (await isRunning(record.owner));
  const stateName = summarise({ ...record, ownerAlive });
  return { name, state: stateName, nodes, server, kubeconfigPath, addresses, components };
}

function summarise(facts: {
  ownerAlive: boolean;
  attached: boolean;
  server?: string;
}): ClusterStatus["state"] {
  if (!facts.ownerAlive) {
    return "abandoned";
  }
  if (facts.server === undefined) {
    return "starting";
  }
  return facts.attached ? "attached" : "running";
}
