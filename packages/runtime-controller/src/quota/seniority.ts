import type { KubeObject } from "@datalayer/shared/kube/object";
import { label } from "../runtime/names.ts";
import { isHeld } from "./holders.ts";

/**
 * Since when each runtime is held, as the resourceVersion of the write that did it, to its Pod or to its home. Versions
 * grow over all namespaces and kinds of an API server, so every replica that has seen the same writes puts them in the
 * same order.
 */
export class Seniority {
  readonly #since = new Map<string, bigint>();

  /**
   * Follows one change of a Pod or of a home; one that pauses loses its place.
   * @param change - `listed`: it came with a list, so its assignment is older than anything that is watched.
   */
  observe({ metadata }: KubeObject, change: { deleted: boolean; listed: boolean }): void {
    const { uid, labels, resourceVersion } = metadata;
    if (change.deleted || !isHeld(labels?.[label.state])) this.#since.delete(uid);
    else if (!this.#since.has(uid)) this.#since.set(uid, change.listed ? 0n : BigInt(resourceVersion));
  }

  /** How many of the others were held before this one; one whose assignment is not seen yet is younger. */
  rankOf({ metadata }: KubeObject, others: readonly KubeObject[]): number {
    const own = this.#since.get(metadata.uid) ?? BigInt(metadata.resourceVersion);
    return others.filter((other) => {
      const since = this.#since.get(other.metadata.uid);
      return other.metadata.uid !== metadata.uid && since !== undefined && since < own;
    }).length;
  }
}
