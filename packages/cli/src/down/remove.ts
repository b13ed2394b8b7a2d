import { setTimeout as pause } from "node:timers/promises";
import { ApiError } from "@datalayer/shared/kube/api-error";
import { Lease, Pod, Secret } from "@datalayer/shared/kube/kinds";
import type { Kind, KubeObject } from "@datalayer/shared/kube/object";
import { generatedSecretName, leaseNames, operatorSelector, releaseLabel } from "../chart.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { findSecret } from "../cluster/secret.ts";
import { CommandError } from "../command/command-error.ts";
import { exitCode } from "../command/exit-code.ts";
import type { Helm } from "../helm/helm.ts";
import { isOf } from "../helm/ownership.ts";
import { leaderOf } from "../observe/leader.ts";

/** How to remove a release. */
export interface Removal {
  release: string;
  timeoutMs: number;
  signal: AbortSignal;
}

const POLL_MS = 250;

/**
 * Removes a release, the Secret that its chart made, and the leases of controllers that have ended. Everything is
 * removed by its UID, once it is certain whose it is; it can be repeated.
 */
export async function remove(cluster: Cluster, helm: Helm, removal: Removal): Promise<void> {
  const { release } = removal;
  await helm.uninstall(release);
  const secret = await findSecret(cluster, generatedSecretName(release));
  if (secret && isOf(secret, { name: release, namespace: cluster.namespace })) {
    await removeObject(cluster, Secret, secret);
  }
  await untilEnded(cluster, removal);
  await Promise.all(leaseNames.map((name) => removeLease(cluster, name)));
}

/** Their leases are theirs until they have ended. */
async function untilEnded({ client, namespace }: Cluster, removal: Removal): Promise<void> {
  const { release, timeoutMs, signal } = removal;
  const deadlineMs = performance.now() + timeoutMs;
  const labelSelector = `${operatorSelector},${releaseLabel}=${release}`;
  for (;;) {
    const { items } = await client.list(Pod, { namespace, labelSelector });
    const [pod] = items;
    if (!pod) return;
    if (performance.now() > deadlineMs) throw timedOut(pod, namespace);
    await pause(POLL_MS, undefined, { signal });
  }
}

function timedOut({ metadata }: Pod, namespace: string): CommandError {
  return new CommandError(`the release is removed, but Pod ${metadata.name} has not ended`, {
    exitCode: exitCode.timedOut,
    next: [`kubectl describe pod/${metadata.name} -n ${namespace}   # is its node there?`],
  });
}

/** Of a controller that has ended: that of one that runs, of another release, stays. */
async function removeLease(cluster: Cluster, name: string): Promise<void> {
  const { client, namespace, clock } = cluster;
  const lease = await found(client.get(Lease, { namespace, name }));
  if (!lease) return;
  const { pod, isVacant } = leaderOf(lease, clock.now());
  // It may still read as held: with the release went the right to give it back.
  const holder =
    isVacant || pod === undefined ? undefined : await found(client.get(Pod, { namespace, name: pod }));
  if (!holder) await removeObject(cluster, Lease, lease);
}

async function found<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof ApiError && error.isNotFound) return undefined;
    throw error;
  }
}

async function removeObject(
  { client, namespace }: Cluster,
  kind: Kind,
  { metadata }: KubeObject,
): Promise<void> {
  try {
    await client.delete(kind, { namespace, name: metadata.name }, { uid: metadata.uid });
  } catch (error) {
    if (!(error instanceof ApiError && (error.isNotFound || error.isConflict))) throw error;
  }
}
