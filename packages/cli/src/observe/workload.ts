import type { Pod } from "@datalayer/shared/kube/kinds";
import { componentLabel, versionLabel } from "../chart.ts";
import type { Deployment, ReplicaSet } from "../cluster/kinds.ts";
import { podProblem, type Problem } from "./pod-problem.ts";

/** What the processes of a release are made of. */
export interface OperatorObjects {
  readonly deployments: readonly Deployment[];
  readonly replicaSets: readonly ReplicaSet[];
  readonly pods: readonly Pod[];
}

/** One process of the operator and its replicas. */
export interface Workload {
  /** Such as `runtime-controller`. */
  readonly component: string;
  readonly deployment: string;
  readonly version: string;
  readonly images: readonly string[];
  readonly desired: number;
  /** Replicas of the newest revision that are ready. */
  readonly ready: number;
  /** Every replica is of the newest revision and ready, and no other is left. */
  readonly isReady: boolean;
  readonly problems: readonly Problem[];
}

/** How far each process is, and what keeps it; pure. */
export function describeWorkloads(objects: OperatorObjects): Workload[] {
  return objects.deployments
    .map((deployment) => describe(deployment, objects))
    .sort((a, b) => a.component.localeCompare(b.component));
}

function describe(deployment: Deployment, { replicaSets, pods }: OperatorObjects): Workload {
  const { metadata } = deployment;
  const { labels = {} } = metadata;
  const newest = replicaSets.find(
    (one) => isOwned(one, deployment) && revisionOf(one) === revisionOf(deployment),
  );
  const isReady = isRolledOut(deployment);
  return {
    component: labels[componentLabel] ?? metadata.name,
    deployment: metadata.name,
    version: labels[versionLabel] ?? "",
    images: imagesOf(deployment),
    desired: desiredOf(deployment),
    ready: newest?.status?.readyReplicas ?? 0,
    isReady,
    problems: isReady ? [] : problemsOf(deployment, newest, pods),
  };
}

function desiredOf({ spec }: Deployment): number {
  return spec?.replicas ?? 1;
}

function imagesOf({ spec }: Deployment): string[] {
  return spec?.template.spec?.containers.map(({ image = "" }) => image) ?? [];
}

function isRolledOut(deployment: Deployment): boolean {
  const { metadata, status = {} } = deployment;
  const { observedGeneration = 0, updatedReplicas = 0, availableReplicas = 0, replicas = 0 } = status;
  if (observedGeneration < (metadata.generation ?? 0)) return false;
  const desired = desiredOf(deployment);
  return [updatedReplicas, availableReplicas, replicas].every((count) => count === desired);
}

function problemsOf(deployment: Deployment, newest: ReplicaSet | undefined, pods: readonly Pod[]): Problem[] {
  if (!newest) return stuck(deployment);
  const refused = refusedPods(newest);
  const own = pods.filter((pod) => isOwned(pod, newest));
  return [
    ...(refused.length > 0 ? refused : stuck(deployment)),
    ...own.flatMap((pod) => podProblem(pod) ?? []),
  ];
}

/** The API server takes no more Pods of it: a quota, or Pod Security. */
function refusedPods({ metadata, status }: ReplicaSet): Problem[] {
  return (status?.conditions ?? [])
    .filter((condition) => condition.type === "ReplicaFailure" && condition.status === "True")
    .map(({ reason = "FailedCreate", message = "" }) => ({
      object: `ReplicaSet ${metadata.name}`,
      reason,
      message,
    }));
}

/** Kubernetes has given up waiting. */
function stuck({ metadata, status }: Deployment): Problem[] {
  return (status?.conditions ?? [])
    .filter((condition) => condition.type === "Progressing" && condition.status === "False")
    .map(({ reason = "Stalled", message = "" }) => ({
      object: `Deployment ${metadata.name}`,
      reason,
      message,
    }));
}

function isOwned(
  { metadata }: Pick<Pod, "metadata">,
  { metadata: { uid } }: Pick<Deployment, "metadata">,
): boolean {
  return metadata.ownerReferences?.some((owner) => owner.uid === uid) ?? false;
}

function revisionOf({ metadata }: Pick<Deployment, "metadata">): string {
  return metadata.annotations?.["deployment.kubernetes.io/revision"] ?? "";
}
