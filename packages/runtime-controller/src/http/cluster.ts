import type { Clock } from "@datalayer/shared/clock/clock";
import type { App } from "@datalayer/shared/http/app";
import type { Node } from "@datalayer/shared/kube/kinds";
import type { ObjectReader } from "@datalayer/shared/kube/object-reader";
import { z } from "zod";
import type { ScalingStore } from "../node-scaling/store.ts";
import type { Runtimes } from "../runtime/runtimes.ts";
import { clusterState, clusterStateOf, phaseOf, podPhases } from "./cluster-view.ts";
import { envelope } from "./schemas.ts";

/** What the route of the cluster reads. */
export interface ClusterRoutesOptions {
  nodes: Pick<ObjectReader<Node>, "list">;
  runtimes: Runtimes;
  /** What node scaling remembers. */
  scalingStore: Pick<ScalingStore, "read">;
  clock: Clock;
}

const stateQuery = z.object({
  phase: z.enum(podPhases).optional().describe("Only Pods of this phase; nodes are all there."),
});

/** Adds `/cluster/state`. */
export function serveCluster(app: App, prefix: string, options: ClusterRoutesOptions): void {
  const { nodes, runtimes, scalingStore, clock } = options;
  app.get(
    `${prefix}/cluster/state`,
    {
      schema: {
        operationId: "getClusterState",
        summary: "Show where the runtimes are",
        tags: ["cluster"],
        querystring: stateQuery,
        response: { 200: z.object({ ...envelope, ...clusterState }) },
      },
    },
    ({ query }) => {
      const pods = runtimes
        .all()
        .map(({ pod }) => pod)
        .filter((pod) => query.phase === undefined || phaseOf(pod) === query.phase);
      const scaling = { state: scalingStore.read().state, nowMs: clock.now() };
      const message = `${pods.length} Pods of runtimes`;
      return { success: true as const, message, ...clusterStateOf(nodes.list(), pods, scaling) };
    },
  );
}
