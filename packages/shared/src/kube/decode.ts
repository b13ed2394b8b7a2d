import { type Call, TransportError } from "./api-error.ts";
import type { Kind, KubeObject, ObjectMeta } from "./object.ts";

/** One page of a list. */
export interface Page<T extends KubeObject> {
  items: T[];
  resourceVersion: string;
  /** Set when there are more. */
  continue?: string;
}

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

interface WireList<T extends KubeObject> {
  /** Go writes an empty list as null. */
  items: T[] | null;
  metadata: { resourceVersion: string; continue?: string };
}

/**
 * Reads the answer to a list.
 *
 * @throws TransportError `garbled` for JSON that is no list: what a proxy answers must not pass for "there are none".
 */
export function decodePage<T extends KubeObject>(call: Call, kind: Kind<T>, body: unknown): Page<T> {
  if (!isList<T>(body)) throw garbled(call, "list");
  const { items, metadata } = body;
  for (const item of items ?? []) complete(kind, item);
  return { items: items ?? [], resourceVersion: metadata.resourceVersion, continue: metadata.continue };
}

/**
 * Reads the answer that is one object.
 *
 * @throws TransportError `garbled` for JSON that is none.
 */
export function decodeObject<T extends KubeObject>(call: Call, kind: Kind<T>, body: unknown): T {
  if (!hasMetadata(body)) throw garbled(call, "object");
  return complete(kind, body as T);
}

function isList<T extends KubeObject>(body: unknown): body is WireList<T> {
  if (!hasMetadata(body)) return false;
  const { items, metadata } = body as { items?: unknown; metadata: { resourceVersion?: unknown } };
  const isWhole = items === null || (Array.isArray(items) && items.every(hasMetadata));
  return isWhole && typeof metadata.resourceVersion === "string" && metadata.resourceVersion !== "";
}

function hasMetadata(value: unknown): value is { metadata: object } {
  const metadata = (value as { metadata?: unknown } | null)?.metadata;
  return typeof metadata === "object" && metadata !== null;
}

function garbled(call: Call, expected: "list" | "object"): TransportError {
  return new TransportError(call, "garbled", `the answer is no ${expected}`, { sent: true });
}
