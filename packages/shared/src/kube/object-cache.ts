import type { Clock } from "../clock/clock.ts";
import { IndexedStore, type Indexers } from "./indexed-store.ts";
import { keyOf, type KubeObject, type ObjectRef } from "./object.ts";
import { Overlay } from "./overlay.ts";
import { hasReached, isOrdered } from "./resource-version.ts";
import type { WatchEvent } from "./watch.ts";

/** One change that the watch has delivered. An object replaced under its name is a deletion and an addition. */
export interface Change<T extends KubeObject> {
  readonly type: "added" | "modified" | "deleted";
  /** The new state; for a deletion the last known one. */
  readonly object: T;
  /** The state before a modification. */
  readonly previous?: T;
  /** Found by a list rather than told by the watch. */
  readonly initial: boolean;
}

/**
 * What the watch has delivered, and what readers see: the same with our own writes laid over it. Knows nothing
 * of connections.
 */
export class ObjectCache<T extends KubeObject> {
  readonly #watched = new Map<string, T>();
  readonly #view: IndexedStore<T>;
  readonly #overlay: Overlay<T>;
  #resourceVersion = "";

  constructor(options: { indexers: Indexers<T>; clock: Clock }) {
    this.#view = new IndexedStore(options.indexers);
    this.#overlay = new Overlay(options.clock);
  }

  /** Up to where the watch has delivered; empty before the first list. */
  get resourceVersion(): string {
    return this.#resourceVersion;
  }

  /** Tells whether the write that made this resourceVersion has been delivered. */
  hasReached(resourceVersion: string): boolean {
    return isOrdered(this.#resourceVersion) && hasReached(this.#resourceVersion, resourceVersion);
  }

  get(ref: ObjectRef): T | undefined {
    return this.#view.get(keyOf(ref));
  }

  list(namespace?: string): T[] {
    const all = [...this.#view.values()];
    return namespace ? all.filter((object) => object.metadata.namespace === namespace) : all;
  }

  byIndex(index: string, value: string): T[] {
    return this.#view.byIndex(index, value);
  }

  /** The objects as the watch has delivered them, without our own writes. */
  watched(): MapIterator<T> {
    return this.#watched.values();
  }

  /** Lays a write of ours over the cache until the watch has delivered it. */
  recordWrite(object: T): void {
    const key = keyOf(object.metadata);
    if (this.#overlay.write(key, object, this.#resourceVersion)) this.#refresh(key);
  }

  /** Hides an object that we deleted until the watch shows its end, or that it is still terminating. */
  recordDelete(ref: ObjectRef, uid: string): void {
    const key = keyOf(ref);
    this.#overlay.remove(key, uid, this.#view.get(key) ?? this.#watched.get(key));
    this.#refresh(key);
  }

  /** Takes over one event. An event that was delivered before is ignored. */
  observe(event: WatchEvent<T>): Change<T>[] {
    const { resourceVersion } = event.object.metadata;
    if (this.hasReached(resourceVersion)) return [];
    const changes = event.type === "BOOKMARK" ? [] : this.#apply(event.type === "DELETED", event.object);
    this.#advance(resourceVersion);
    return changes;
  }

  /** Takes over a complete list. */
  replace(items: readonly T[], resourceVersion: string): Change<T>[] {
    const changes: Change<T>[] = [];
    const listed = new Set<string>();
    for (const item of items) {
      listed.add(keyOf(item.metadata));
      changes.push(...this.#put(item, true));
    }
    for (const [key, object] of this.#watched) {
      if (!listed.has(key)) changes.push(this.#drop(key, object, true));
    }
    this.#advance(resourceVersion);
    return changes;
  }

  #apply(deleted: boolean, object: T): Change<T>[] {
    if (!deleted) return this.#put(object, false);
    const key = keyOf(object.metadata);
    // The event carries the last state, newer than the one held; without one held there is nothing to report.
    const known = this.#watched.has(key);
    const change = this.#drop(key, object, false);
    return known ? [change] : [];
  }

  #put(object: T, initial: boolean): Change<T>[] {
    const key = keyOf(object.metadata);
    const previous = this.#watched.get(key);
    if (previous?.metadata.uid === object.metadata.uid) {
      if (previous.metadata.resourceVersion === object.metadata.resourceVersion) return [];
      this.#watched.set(key, object);
      this.#refresh(key);
      return [{ type: "modified", object, previous, initial }];
    }
    const changes: Change<T>[] = previous ? [this.#drop(key, previous, initial)] : [];
    this.#watched.set(key, object);
    this.#refresh(key);
    changes.push({ type: "added", object, initial });
    return changes;
  }

  #drop(key: string, object: T, initial: boolean): Change<T> {
    this.#watched.delete(key);
    this.#overlay.buried(key, object.metadata.uid);
    this.#refresh(key);
    return { type: "deleted", object, initial };
  }

  #advance(resourceVersion: string): void {
    this.#resourceVersion = resourceVersion;
    for (const key of this.#overlay.settle(resourceVersion)) this.#refresh(key);
  }

  #refresh(key: string): void {
    const object = this.#overlay.resolve(key, this.#watched.get(key));
    if (object) this.#view.set(key, object);
    else this.#view.delete(key);
  }
}
