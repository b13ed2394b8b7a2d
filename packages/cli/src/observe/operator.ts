import { Pod } from "@datalayer/shared/kube/kinds";
import { operatorSelector, releaseLabel } from "../chart.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { Deployment, ReplicaSet } from "../cluster/kinds.ts";
import type { OperatorObjects } from "./workload.ts";

/** Reads the Deployments of a release, and what came of them. */
export async function gatherOperator(
  { client, namespace }: Cluster,
  release: string,
): Promise<OperatorObjects> {
  const selection = { namespace, labelSelector: `${operatorSelector},${releaseLabel}=${release}` };
  const [deployments, replicaSets, pods] = await Promise.all([
    client.list(Deployment, selection),
    client.list(ReplicaSet, selection),
    client.list(Pod, selection),
  ]);
  return { deployments: deployments.items, replicaSets: replicaSets.items, pods: pods.items };
}
