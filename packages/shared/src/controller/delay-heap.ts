/** A key that becomes due at a monotonic time. */
interface Entry {
  key: string;
  dueMs: number;
}

/** Keys with a due time, earliest first; each key once. Adding and taking cost O(log n). */
export class DelayHeap {
  readonly #heap: Entry[] = [];
  readonly #dueByKey = new Map<string, number>();

  get size(): number {
    return this.#dueByKey.size;
  }

  /** Monotonic time at which the first key is due; undefined when empty. */
  get nextDueMs(): number | undefined {
    this.#dropOutdated();
    return this.#heap[0]?.dueMs;
  }

  /** Adds a key, or moves it to an earlier time; a later time than it already has changes nothing. */
  add(key: string, dueMs: number): void {
    const known = this.#dueByKey.get(key);
    if (known !== undefined && known <= dueMs) return;
    this.#dueByKey.set(key, dueMs);
    this.#heap.push({ key, dueMs });
    this.#siftUp(this.#heap.length - 1);
  }

  /** Forgets a key; its heap entry is dropped when it surfaces. */
  delete(key: string): void {
    this.#dueByKey.delete(key);
  }

  /** Removes and returns the first key that is due at `nowMs`. */
  takeDue(nowMs: number): string | undefined {
    const next = this.nextDueMs;
    if (next === undefined || next > nowMs) return undefined;
    const entry = this.#pop();
    if (entry) this.#dueByKey.delete(entry.key);
    return entry?.key;
  }

  clear(): void {
    this.#heap.length = 0;
    this.#dueByKey.clear();
  }

  #dropOutdated(): void {
    for (let top = this.#heap[0]; top && this.#dueByKey.get(top.key) !== top.dueMs; top = this.#heap[0]) {
      this.#pop();
    }
  }

  #pop(): Entry | undefined {
    const top = this.#heap[0];
    const last = this.#heap.pop();
    if (last && this.#heap.length > 0) {
      this.#heap[0] = last;
      this.#siftDown(0);
    }
    return top;
  }

  #siftUp(start: number): void {
    let index = start;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (this.#due(parent) <= this.#due(index)) return;
      this.#swap(index, parent);
      index = parent;
    }
  }

  #siftDown(start: number): void {
    let index = start;
    for (;;) {
      const left = 2 * index + 1;
      const smaller = this.#due(left + 1) < this.#due(left) ? left + 1 : left;
      if (this.#due(index) <= this.#due(smaller)) return;
      this.#swap(index, smaller);
      index = smaller;
    }
  }

  /** Due time at a heap position; infinite beyond the end, so that comparisons need no bounds check. */
  #due(index: number): number {
    return this.#heap[index]?.dueMs ?? Infinity;
  }

  #swap(a: number, b: number): void {
    const [atA, atB] = [this.#heap[a], this.#heap[b]];
    if (!atA || !atB) return;
    this.#heap[a] = atB;
    this.#heap[b] = atA;
  }
}
