import type { Pod } from "@datalayer/shared/kube/kinds";
import { label } from "../runtime/names.ts";

/**
 * Since when each runtime is assigned, as the resourceVersion of the write that did it. Versions grow over all
 * namespaces of an API server, so every replica that has seen the same Pods puts them in the same order.
 */
export class Seniority {
  readonly #since = new Map<string, bigint>();

  /**
   * Follows one change of a Pod.
   * @param change - `listed`: it came with a list, so its assignment is older than anything that is watched.
   */
  observe({ metadata }: Pod, change: { deleted: boolean; listed: boolean }): void {
    const { uid, labels, resourceVersion } = metadata;
    if (change.deleted) this.#since.delete(uid);
    else if (labels?.[label.state] === "assigned" && !this.#since.has(uid))
      this.#since.set(uid, change.listed ? 0n : BigInt(resourceVersion));
  }

  /** How many of the Pods were assigned before this one; one whose assignment is not seen yet is younger. */
  rankOf({ metadata }: Pod, pods: readonly Pod[]): number {
    const own = this.#since.get(metadata.uid) ?? BigInt(metadata.resourceVersion);
    return pods.filter((other) => {
      const since = this.#since.get(other.metadata.uid);
      return other.metadata.uid !== metadata.uid && since !== undefined && since < own;
    }).length;
  }
}
