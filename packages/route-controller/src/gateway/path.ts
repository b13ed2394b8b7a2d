import { isAmbiguousPath } from "@datalayer/shared/http/request-guard";
import type { RuntimeAddress } from "@datalayer/shared/runtime/base-path";

/** As `basePathOf` writes it: names of pools need no escapes, so none are read. */
const basePath = /^\/jupyter\/server\/([a-z0-9][-.a-z0-9]{0,252})\/([0-9a-z]{1,64})(?=[/?]|$)/;

/** The path below which all runtimes of a pool serve, and nothing behind it. */
const poolPath = /^\/jupyter\/server\/([a-z0-9][-.a-z0-9]{0,252})\/?(?:\?|$)/;

/**
 * The runtime that a request is for, by its target. Undefined when there is none; `malformed` when the target could
 * mean another path to somebody else on its way: dot segments, encoded slashes, an absolute URI.
 */
export function runtimeOf(target: string): RuntimeAddress | "malformed" | undefined {
  if (target.includes("#") || isAmbiguousPath(target)) return "malformed";
  const [, pool, ulid] = basePath.exec(target) ?? [];
  return pool !== undefined && ulid !== undefined ? { pool, ulid } : undefined;
}

/** The pool that a request names, and no runtime of it; undefined for every other. */
export function poolOf(target: string): string | undefined {
  return poolPath.exec(target)?.[1];
}

/** The query by which a client says that its request is no use of the runtime; Jupyter has the same. */
export function isUntracked(target: string): boolean {
  const query = target.indexOf("?");
  return query >= 0 && /[?&]no_track_activity=1(?:&|$)/.test(target.slice(query));
}
