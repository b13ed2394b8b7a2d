import { type JsonPatchOperation, pointer } from "@datalayer/shared/kube/json-patch";

/**
 * Adds or replaces single labels or annotations; those without a value are left as they are. The map itself must
 * be there already, which it is on every runtime Pod.
 */
export function addEach(
  map: "labels" | "annotations",
  values: Record<string, string | undefined>,
): JsonPatchOperation[] {
  return Object.entries(values).flatMap(([name, value]) =>
    value === undefined ? [] : [{ op: "add" as const, path: pointer("metadata", map, name), value }],
  );
}
