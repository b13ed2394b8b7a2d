import type { KubeObject, Manifest } from "./object.ts";

/**
 * Whether the object says all that the manifest says, so that applying it would change nothing. What the object has
 * beside that, such as defaults of the API server, does not count; a list counts as a whole, item by item, but for owner
 * references: others may add theirs.
 */
export function carries<T extends KubeObject>(object: T, manifest: Manifest<T>): boolean {
  const { metadata, ...rest } = manifest;
  const { ownerReferences = [], ...meta } = metadata;
  const owners = object.metadata.ownerReferences ?? [];
  return (
    says(object, rest) &&
    says(object.metadata, meta) &&
    ownerReferences.every((owner) => owners.some((one) => says(one, owner)))
  );
}

function says(actual: unknown, intended: unknown): boolean {
  if (Array.isArray(intended)) return Array.isArray(actual) && saysEach(actual, intended);
  if (!isRecord(intended)) return intended === undefined || actual === intended;
  return isRecord(actual) && Object.entries(intended).every(([key, value]) => says(actual[key], value));
}

function saysEach(actual: readonly unknown[], intended: readonly unknown[]): boolean {
  return actual.length === intended.length && intended.every((value, index) => says(actual[index], value));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
