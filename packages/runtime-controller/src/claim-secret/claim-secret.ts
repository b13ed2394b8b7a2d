import type { Secret } from "@datalayer/shared/kube/kinds";
import type { Manifest } from "@datalayer/shared/kube/object";
import { buildPodSecret } from "../runtime/pod-secret.ts";
import type { Assignment, Runtime } from "../runtime/runtime.ts";

/** What a claim brings into its runtime: value by name. */
export type Variables = ReadonlyMap<string, string>;

/** The entry that says to which claim the others belong; no variable can have this name. */
const ownerEntry = "secret-of-claim";
const suffix = "claim";

/** Name of the Secret with what the claim of a Pod brings. */
export function claimSecretNameOf(podName: string): string {
  return `${podName}-${suffix}`;
}

/** The Secret with what a claim brings: one entry for each variable. It goes with its Pod. */
export function buildClaimSecret(
  { pod }: Runtime,
  { claimId }: Assignment,
  variables: Variables,
): Manifest<Secret> {
  return buildPodSecret(pod, suffix, new Map([[ownerEntry, claimId], ...variables]));
}
