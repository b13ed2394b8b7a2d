import { keyOf, type KubeObject } from "../kube/object.ts";
import type { Change } from "../kube/object-cache.ts";

/**
 * Tells our own writes to objects from what others did to them, so that a reconcile does not follow from itself.
 *
 * The watch often shows a write before its answer has arrived: changes of an object are held back while a write
 * to it is under way, and judged when its resourceVersion is known.
 */
export class OwnWrites<T extends KubeObject> {
  readonly #onForeign: (change: Change<T>) => void;
  /** By key, the resourceVersions of our writes that the watch has not shown yet, oldest first. */
  readonly #unseen = new Map<string, string[]>();
  readonly #held = new Map<string, Change<T>[]>();

  /** @param onForeign is told of every change that is not the mere arrival of our own write. */
  constructor(onForeign: (change: Change<T>) => void) {
    this.#onForeign = onForeign;
  }

  /** Judges a change that the watch shows. */
  heed(change: Change<T>): void {
    const { type, object } = change;
    const key = keyOf(object.metadata);
    const held = this.#held.get(key);
    if (held) held.push(change);
    else if (type !== "deleted" && this.#isOwn(key, object.metadata.resourceVersion)) return;
    else {
      if (type === "deleted") this.#unseen.delete(key);
      this.#onForeign(change);
    }
  }

  /** Carries out one write to the object of this key. One at a time per key. */
  async during(key: string, write: () => Promise<T>): Promise<T> {
    const held: Change<T>[] = [];
    this.#held.set(key, held);
    try {
      const written = await write();
      this.#unseen.set(key, [...(this.#unseen.get(key) ?? []), written.metadata.resourceVersion]);
      return written;
    } finally {
      this.#held.delete(key);
      for (const change of held) this.heed(change);
    }
  }

  /** The resourceVersion of the last write that the watch has not shown yet. */
  lastUnseen(key: string): string | undefined {
    return this.#unseen.get(key)?.at(-1);
  }

  /** The watch has passed this write, though perhaps without showing it: a relist skips states. */
  passed(key: string, resourceVersion: string): void {
    this.#isOwn(key, resourceVersion);
  }

  /** Whether it is ours; it and what was written before count as seen then. */
  #isOwn(key: string, resourceVersion: string): boolean {
    const unseen = this.#unseen.get(key) ?? [];
    const index = unseen.indexOf(resourceVersion);
    if (index < 0) return false;
    const left = unseen.slice(index + 1);
    if (left.length > 0) this.#unseen.set(key, left);
    else this.#unseen.delete(key);
    return true;
  }
}
