import { refOf } from "../kube/object.ts";

/**
 * Keys in the order they were added, taking turns by namespace: a namespace with a thousand keys delays
 * another one's single key by one, not by a thousand. Each key once; every operation is O(1).
 */
export class FairKeys {
  /** The map's order is the order of turns; each set's order is first in, first out. */
  readonly #byNamespace = new Map<string, Set<string>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(key: string): void {
    const namespace = refOf(key).namespace ?? "";
    const keys = this.#byNamespace.get(namespace) ?? new Set<string>();
    if (keys.has(key)) return;
    keys.add(key);
    this.#size++;
    this.#byNamespace.set(namespace, keys);
  }

  delete(key: string): boolean {
    const namespace = refOf(key).namespace ?? "";
    const keys = this.#byNamespace.get(namespace);
    if (!keys?.delete(key)) return false;
    this.#size--;
    if (keys.size === 0) this.#byNamespace.delete(namespace);
    return true;
  }

  /** Removes and returns the next key; its namespace goes to the end of the turns. */
  shift(): string | undefined {
    for (const [namespace, keys] of this.#byNamespace) {
      for (const key of keys) {
        this.delete(key);
        if (this.#byNamespace.delete(namespace)) this.#byNamespace.set(namespace, keys);
        return key;
      }
    }
    return undefined;
  }

  clear(): void {
    this.#byNamespace.clear();
    this.#size = 0;
  }
}
