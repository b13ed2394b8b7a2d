import type { JsonPatchOperation } from "../kube/json-patch.ts";
import type { KubeObject } from "../kube/object.ts";

/**
 * Finalizers hold an object back until what it caused outside the API server is undone.
 *
 * Flow: add before the first effect; on deletion run `cleanup`; remove only after that resolved.
 * Guarantees: one finalizer is added or removed and all others stay as they are, even when somebody edits
 * the list at the same time (the patch then fails and the reconcile runs again).
 * Caveats: the API server refuses a new finalizer on an object that is being deleted.
 */

/** Whether the object carries this finalizer. */
export function hasFinalizer(object: KubeObject, finalizer: string): boolean {
  return object.metadata.finalizers?.includes(finalizer) ?? false;
}

/** Whether the object is being deleted: it may be cleaned up, and gets nothing new. */
export function isDeleting(object: KubeObject): boolean {
  return object.metadata.deletionTimestamp !== undefined;
}

/** The patch that adds a finalizer; undefined when it is there already, or comes too late. */
export function addFinalizer(object: KubeObject, finalizer: string): JsonPatchOperation[] | undefined {
  if (isDeleting(object) || hasFinalizer(object, finalizer)) return undefined;
  const { finalizers } = object.metadata;
  return [
    sameObject(object),
    { op: "test", path: "/metadata/finalizers", value: finalizers ?? null },
    finalizers
      ? { op: "add", path: "/metadata/finalizers/-", value: finalizer }
      : { op: "add", path: "/metadata/finalizers", value: [finalizer] },
  ];
}

/** The patch that removes a finalizer; undefined when it is gone already. */
export function removeFinalizer(object: KubeObject, finalizer: string): JsonPatchOperation[] | undefined {
  const index = object.metadata.finalizers?.indexOf(finalizer) ?? -1;
  if (index < 0) return undefined;
  const path = `/metadata/finalizers/${index}`;
  return [sameObject(object), { op: "test", path, value: finalizer }, { op: "remove", path }];
}

/** A namesake created since is another object. */
function sameObject(object: KubeObject): JsonPatchOperation {
  return { op: "test", path: "/metadata/uid", value: object.metadata.uid };
}
