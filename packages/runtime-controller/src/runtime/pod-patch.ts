import { type JsonPatchOperation, pointer } from "@datalayer/shared/kube/json-patch";

/**
 * Ends the record of who wrote which field, for good: the API server begins none on an object that has none. Nobody
 * applies runtime Pods, and with the record every write of one costs half as much again (docs/adr/0012).
 */
export const forgetManagers: JsonPatchOperation = {
  op: "add",
  path: "/metadata/managedFields",
  value: [{}],
};

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
