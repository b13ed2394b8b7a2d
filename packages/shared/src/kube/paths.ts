import type { Kind, ObjectRef } from "./object.ts";

/** Values of a query string; what is undefined is left out. */
export type Query = Record<string, string | number | boolean | undefined>;

/** The path of all objects of a kind, in one namespace or in all. */
export function collectionPath(kind: Kind, namespace?: string): string {
  const root = kind.apiVersion.includes("/") ? `/apis/${kind.apiVersion}` : `/api/${kind.apiVersion}`;
  const scope = kind.namespaced && namespace ? `/namespaces/${encodeURIComponent(namespace)}` : "";
  return `${root}${scope}/${kind.plural}`;
}

/**
 * The path of one object, or of a subresource of it.
 *
 * @throws TypeError when the name, or the namespace of a namespaced kind, is missing: the path would mean a
 * whole collection.
 */
export function objectPath(kind: Kind, ref: ObjectRef, subresource?: string): string {
  if (!ref.name) throw new TypeError(`${kind.kind} needs a name`);
  const tail = subresource ? `/${subresource}` : "";
  return `${collectionPath(kind, requireNamespace(kind, ref))}/${encodeURIComponent(ref.name)}${tail}`;
}

/** The namespace in which an object of this kind lives; undefined for cluster-scoped kinds. */
export function requireNamespace(kind: Kind, ref: ObjectRef): string | undefined {
  if (!kind.namespaced) return undefined;
  if (!ref.namespace) throw new TypeError(`${kind.kind} ${ref.name} needs a namespace`);
  return ref.namespace;
}

/** Adds a query string. */
export function withQuery(path: string, query: Query): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) parameters.set(name, String(value));
  }
  return parameters.size === 0 ? path : `${path}?${parameters.toString()}`;
}
