import type { Kind, KubeObject, ObjectMeta } from "./object.ts";

/**
 * Makes a freshly parsed object what {@link KubeObject} promises, in place: the items of a list come without
 * apiVersion and kind, and nothing here reads `managedFields`, which are often half of an object.
 */
export function complete<T extends KubeObject>(kind: Kind<T>, object: T): T {
  object.apiVersion = kind.apiVersion;
  object.kind = kind.kind;
  const metadata: ObjectMeta & { managedFields?: unknown } = object.metadata;
  // Not `delete`: it would turn every object into V8's slow and large dictionary form.
  if (metadata.managedFields) metadata.managedFields = undefined;
  return object;
}
