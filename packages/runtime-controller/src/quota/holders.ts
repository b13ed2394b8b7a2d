import type { PersistentVolumeClaim, Pod } from "@datalayer/shared/kube/kinds";
import type { KubeObject } from "@datalayer/shared/kube/object";
import { homeAnnotation } from "../pause/names.ts";
import { label } from "../runtime/names.ts";

/** Key of a user among those who hold runtimes. */
export function userHolder(userUid: string): string {
  return `user/${userUid}`;
}

/** Key of a namespace among those who hold runtimes. */
export function namespaceHolder(namespace: string): string {
  return `namespace/${namespace}`;
}

/**
 * Who holds the runtime: its user and its namespace. Nobody holds one that is warm, paused, ending or ended.
 * It is an index of the Pod cache, so counting what a user has reads what that user has. A Pod with a home does not
 * count: its home does, also while there is no Pod yet.
 */
export function holdersOf({ metadata, status }: Pod): string[] {
  const { labels = {}, annotations = {}, deletionTimestamp } = metadata;
  const hasEnded = status?.phase === "Failed" || status?.phase === "Succeeded";
  if (annotations[homeAnnotation.claim] !== undefined) return [];
  if (labels[label.state] !== "assigned" || deletionTimestamp !== undefined || hasEnded) return [];
  return holders(metadata);
}

/** Who holds the runtime of a home, as an index of the cache of claims: it counts as long as it wants a Pod. */
export function homeHoldersOf({ metadata }: PersistentVolumeClaim): string[] {
  return isHeld(metadata.labels?.[label.state]) ? holders(metadata) : [];
}

/** Whether a Pod or a home in this state may be held by somebody. */
export function isHeld(state: string | undefined): boolean {
  return state === "assigned" || state === "resuming";
}

function holders({ labels = {}, namespace = "" }: KubeObject["metadata"]): string[] {
  const user = labels[label.userUid];
  return [...(user === undefined ? [] : [userHolder(user)]), namespaceHolder(namespace)];
}
