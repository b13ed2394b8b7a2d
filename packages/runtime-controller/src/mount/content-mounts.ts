import type { Pod } from "@datalayer/shared/kube/kinds";
import { z } from "zod";
import type { MountedContent } from "../runtime-content/selection.ts";
import { annotation } from "../runtime/names.ts";

const record = z.object({
  /** Absolute path in the runtime. */
  mount: z.string(),
  permissions: z.enum(["ro", "rw"]),
  /** Name of the RuntimeContent. */
  name: z.string(),
  /** The uid that it declares; absent when it declares none. */
  uid: z.string().optional(),
});

/** A content that a Pod was made with. */
export type ContentMount = z.infer<typeof record>;

/**
 * What the Pod says of the contents that it is made with. The environment may name others by the time that somebody
 * asks, and a cached Pod has no volumes.
 */
export function contentsAnnotation(mounted: readonly MountedContent[]): Record<string, string> {
  if (mounted.length === 0) return {};
  const records = mounted.map(({ content: { metadata, spec }, mount, readOnly }): ContentMount => {
    return { mount, permissions: readOnly ? "ro" : "rw", name: metadata.name, uid: spec.uid };
  });
  return { [annotation.contents]: JSON.stringify(records) };
}

/** The contents that the Pod was made with, by path; none where it does not say so in our own form. */
export function contentMountsOf({ metadata }: Pod): ContentMount[] {
  const text = metadata.annotations?.[annotation.contents];
  if (text === undefined) return [];
  return parseRecords(text).toSorted((a, b) => (a.mount < b.mount ? -1 : 1));
}

/** What a caller wants to have mounted. */
export interface WantedMount {
  /** The uid that the content declares; the case of letters does not matter. */
  uid: string;
  mount: string;
  /** Undefined takes what there is. */
  permissions?: "ro" | "rw";
}

/** Whether a mount is what is wanted. */
export function isWanted(wanted: WantedMount, there: Omit<ContentMount, "name">): boolean {
  return (
    there.mount === wanted.mount &&
    there.uid?.toUpperCase() === wanted.uid.toUpperCase() &&
    (wanted.permissions === undefined || wanted.permissions === there.permissions)
  );
}

/** Whether the Pod was made with all that is wanted. */
export function hasMounted(pod: Pod, wanted: readonly WantedMount[]): boolean {
  const mounts = contentMountsOf(pod);
  return wanted.every((one) => mounts.some((mount) => isWanted(one, mount)));
}

/** The mount that is at the path, above it or below it, so that another cannot be there. */
export function mountInTheWay<T extends { mount: string }>(
  path: string,
  mounts: readonly T[],
): T | undefined {
  return mounts.find(
    ({ mount }) => mount === path || path.startsWith(`${mount}/`) || mount.startsWith(`${path}/`),
  );
}

/** The path as one segment of a URL: `/mnt/data` is `mnt~data`. */
export function targetOf(path: string): string {
  return path.slice(1).replaceAll("/", "~");
}

function parseRecords(text: string): ContentMount[] {
  try {
    return z.array(record).parse(JSON.parse(text));
  } catch {
    return [];
  }
}
