interface Entry<T> {
  readonly item: T;
  /** Where it is in the list; undefined once it was removed. */
  index: number | undefined;
}

/**
 * What is under way, in no order. A `Set` would do the same, but each request adds to it and removes from it: V8 makes
 * its table anew all the time and links the former ones to it, which keep what they held, whole requests, until the next
 * collection of the old generation.
 */
export class OpenItems<T> {
  readonly #entries: Entry<T>[] = [];

  get size(): number {
    return this.#entries.length;
  }

  /** Adds it until the returned function is called; calling that again changes nothing. */
  add(item: T): () => void {
    const entry: Entry<T> = { item, index: this.#entries.length };
    this.#entries.push(entry);
    return () => this.#remove(entry);
  }

  /** What is there now, to be gone through while it changes. */
  all(): T[] {
    return this.#entries.map(({ item }) => item);
  }

  #remove(entry: Entry<T>): void {
    const { index } = entry;
    if (index === undefined) return;
    entry.index = undefined;
    const last = this.#entries.pop();
    if (last === undefined || last === entry) return;
    last.index = index;
    this.#entries[index] = last;
  }
}
