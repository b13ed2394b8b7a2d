/** One operation of a JSON Patch (RFC 6902). Paths are JSON Pointers: build them with {@link escapePointer}. */
export type JsonPatchOperation =
  | { op: "test" | "add" | "replace"; path: string; value: unknown }
  | { op: "remove"; path: string }
  | { op: "move" | "copy"; from: string; path: string };

/** Makes one key safe as a segment of a JSON Pointer: `a/b~c` becomes `a~1b~0c` (RFC 6901). */
export function escapePointer(segment: string): string {
  return segment.replaceAll("~", "~0").replaceAll("/", "~1");
}

/** A JSON Pointer to nested keys: `pointer("metadata", "labels", "a/b")` is `/metadata/labels/a~1b`. */
export function pointer(...segments: string[]): string {
  return segments.map((segment) => `/${escapePointer(segment)}`).join("");
}
