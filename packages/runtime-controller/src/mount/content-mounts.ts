import type { Pod } from "@datalayer/shared/kube/kinds";
import type { ContentReference } from "../runtime-content/selection.ts";
import { jupyterContainer } from "../runtime/names.ts";

/** A content as a running Pod has it. */
export interface ContentMount {
  /** The path as one segment of a URL: `/mnt/data` is `mnt~data`. */
  target: string;
  /** Absolute path in the runtime. */
  mount: string;
  permissions: "ro" | "rw";
  /** What the environment says is mounted there; absent when it has changed since the runtime was made. */
  reference?: ContentReference;
}

/** Volumes of contents; all others of a Pod are the operator's own. */
const contentVolume = /^(content-\d+|shared-fs)$/;

/** The contents that the Pod really has, by path; the references of its environment say which they are. */
export function contentMountsOf({ spec }: Pod, references: readonly ContentReference[]): ContentMount[] {
  const container = spec?.containers.find(({ name }) => name === jupyterContainer);
  const mounts = (container?.volumeMounts ?? []).filter(({ name }) => contentVolume.test(name));
  const found = mounts.map(({ mountPath, readOnly }) => ({
    target: targetOf(mountPath),
    mount: mountPath,
    permissions: readOnly ? ("ro" as const) : ("rw" as const),
    reference: references.find(({ mount }) => mount === mountPath),
  }));
  return found.toSorted((a, b) => (a.mount < b.mount ? -1 : 1));
}

/** What a caller wants to have mounted. */
export interface WantedMount {
  /** The uid that the content declares; the case of letters does not matter. */
  uid: string;
  mount: string;
  /** Undefined takes what there is. */
  permissions?: "ro" | "rw";
}

/** Whether the reference, mounted with these permissions, is what is wanted. */
export function isWanted(
  wanted: WantedMount,
  reference: ContentReference | undefined,
  permissions: "ro" | "rw" | undefined,
): boolean {
  return (
    reference?.mount === wanted.mount &&
    reference.uid?.toUpperCase() === wanted.uid.toUpperCase() &&
    (wanted.permissions === undefined || wanted.permissions === permissions)
  );
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

function targetOf(path: string): string {
  return path.slice(1).replaceAll("/", "~");
}
