import type { Pod } from "@datalayer/shared/kube/kinds";
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
 * It is an index of the Pod cache, so counting what a user has reads what that user has.
 */
export function holdersOf({ metadata, status }: Pod): string[] {
  const { labels = {}, deletionTimestamp, namespace = "" } = metadata;
  const hasEnded = status?.phase === "Failed" || status?.phase === "Succeeded";
  if (labels[label.state] !== "assigned" || deletionTimestamp !== undefined || hasEnded) return [];
  const user = labels[label.userUid];
  return [...(user === undefined ? [] : [userHolder(user)]), namespaceHolder(namespace)];
}
