import type { Pod } from "@datalayer/shared/kube/kinds";

const stateLabel = "runtime-pools.datalayer.io/pod-status";

/** How many runtimes are available, and the fewest there were, from every state that the watch showed of every Pod. */
export class Stock {
  readonly #available = new Set<string>();
  #lowest = Infinity;

  /** Takes over one state of a Pod. */
  observe({ metadata }: Pod, deleted: boolean): void {
    const { uid, labels, deletionTimestamp } = metadata;
    const isAvailable = !deleted && deletionTimestamp === undefined && labels?.[stateLabel] === "available";
    if (isAvailable) this.#available.add(uid);
    else if (this.#available.delete(uid)) this.#lowest = Math.min(this.#lowest, this.#available.size);
  }

  /** The fewest since the last call, or since the start. */
  takeLowest(): number {
    const lowest = Math.min(this.#lowest, this.#available.size);
    this.#lowest = this.#available.size;
    return lowest;
  }
}
