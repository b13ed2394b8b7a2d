import { type KubeObject } from "./object.ts";

/** Named functions that say under which values an object is found. They must depend on the object alone. */
export type Indexers<T extends KubeObject> = Record<string, (object: T) => string[]>;

/** Objects by key and by the values of indexes. */
export class IndexedStore<T extends KubeObject> {
  readonly #objects = new Map<string, T>();
  readonly #indexes = new Map<string, Map<string, Map<string, T>>>();
  readonly #indexers: Indexers<T>;

  constructor(indexers: Indexers<T>) {
    this.#indexers = indexers;
    for (const name of Object.keys(indexers)) this.#indexes.set(name, new Map());
  }

  get(key: string): T | undefined {
    return this.#objects.get(key);
  }

  values(): MapIterator<T> {
    return this.#objects.values();
  }

  /** @throws RangeError when there is no index of that name. */
  byIndex(name: string, value: string): T[] {
    const index = this.#indexes.get(name);
    if (!index) throw new RangeError(`no index "${name}", only: ${[...this.#indexes.keys()].join(", ")}`);
    return [...(index.get(value)?.values() ?? [])];
  }

  set(key: string, object: T): void {
    this.#unindex(key);
    this.#objects.set(key, object);
    for (const [index, value] of this.#placesOf(object)) {
      const bucket = index.get(value);
      if (bucket) bucket.set(key, object);
      else index.set(value, new Map([[key, object]]));
    }
  }

  delete(key: string): void {
    this.#unindex(key);
    this.#objects.delete(key);
  }

  #unindex(key: string): void {
    const previous = this.#objects.get(key);
    if (!previous) return;
    for (const [index, value] of this.#placesOf(previous)) {
      const bucket = index.get(value);
      bucket?.delete(key);
      if (bucket?.size === 0) index.delete(value);
    }
  }

  *#placesOf(object: T): Generator<[Map<string, Map<string, T>>, string]> {
    for (const [name, index] of this.#indexes) {
      for (const value of this.#indexers[name]?.(object) ?? []) yield [index, value];
    }
  }
}
