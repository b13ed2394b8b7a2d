import { Pod, Secret } from "@datalayer/shared/kube/kinds";
import type { Manifest } from "@datalayer/shared/kube/object";
import { label, runtimeApp } from "../runtime/names.ts";
import type { Assignment, Runtime } from "../runtime/runtime.ts";

/** What a claim brings into its runtime: value by name. */
export type Variables = ReadonlyMap<string, string>;

/** The entry that says to which claim the others belong; no variable can have this name. */
const ownerEntry = "secret-of-claim";

/** Name of the Secret with what the claim of a Pod brings. */
export function claimSecretNameOf(podName: string): string {
  return `${podName}-claim`;
}

/** The Secret with what a claim brings: one entry for each variable. It goes with its Pod. */
export function buildClaimSecret(
  { name, namespace, uid }: Runtime,
  { claimId }: Assignment,
  variables: Variables,
): Manifest<Secret> {
  const entries = [[ownerEntry, claimId] as const, ...variables];
  const data = entries.map(([entry, text]) => [entry, Buffer.from(text).toString("base64")] as const);
  return {
    apiVersion: Secret.apiVersion,
    kind: Secret.kind,
    metadata: {
      name: claimSecretNameOf(name),
      namespace,
      labels: { [label.app]: runtimeApp },
      ownerReferences: [{ apiVersion: Pod.apiVersion, kind: Pod.kind, name, uid }],
    },
    immutable: true,
    data: Object.fromEntries(data),
  };
}
