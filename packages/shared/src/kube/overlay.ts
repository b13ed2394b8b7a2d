import type { Clock } from "../clock/clock.ts";
import type { KubeObject } from "./object.ts";
import { hasReached, isOrdered } from "./resource-version.ts";

interface Write<T> {
  readonly object: T;
  readonly expiresAtMs: number;
}

interface Tombstone {
  readonly deletedUid: string;
  /** It was terminating before our delete, so a deletion timestamp does not yet show that delete. */
  readonly wasTerminating: boolean;
  readonly expiresAtMs: number;
}

/** What the watch should have delivered long before; a guard against entries that nothing ends. */
const LIFETIME_MS = 60_000;

/**
 * Our own writes that the watch has not delivered yet. They end when the watch reaches their resourceVersion;
 * those whose resourceVersion has no order are not kept.
 */
export class Overlay<T extends KubeObject> {
  readonly #entries = new Map<string, Write<T> | Tombstone>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Notes a write; false when the watch, which is at `reached`, has seen it, or the object was deleted since. */
  write(key: string, object: T, reached: string): boolean {
    const { uid, resourceVersion } = object.metadata;
    if (!isOrdered(resourceVersion) || (isOrdered(reached) && hasReached(reached, resourceVersion)))
      return false;
    const entry = this.#entries.get(key);
    if (entry && !supersedes(object, entry, uid)) return false;
    this.#entries.set(key, { object, expiresAtMs: this.#expiry() });
    return true;
  }

  /** Notes that the object with this UID, last seen as `seen`, was deleted. */
  remove(key: string, uid: string, seen: T | undefined): void {
    const wasTerminating = seen?.metadata.uid === uid && seen.metadata.deletionTimestamp !== undefined;
    this.#entries.set(key, { deletedUid: uid, wasTerminating, expiresAtMs: this.#expiry() });
  }

  /** What a reader sees, when `watched` is what the watch has delivered. */
  resolve(key: string, watched: T | undefined): T | undefined {
    const entry = this.#entries.get(key);
    if (!entry) return watched;
    if ("object" in entry) return entry.object;
    return watched && outlives(watched, entry) ? watched : undefined;
  }

  /** Ends what the watch has caught up with, at `reached`, and what is too old; answers with the keys. */
  settle(reached: string): string[] {
    if (this.#entries.size === 0) return [];
    const nowMs = this.#clock.monotonicMs();
    const ended: string[] = [];
    for (const [key, entry] of this.#entries) {
      const seen =
        "object" in entry && isOrdered(reached) && hasReached(reached, entry.object.metadata.resourceVersion);
      if (seen || entry.expiresAtMs <= nowMs) ended.push(key);
    }
    for (const key of ended) this.#entries.delete(key);
    return ended;
  }

  /** The watch has delivered the deletion of this object. */
  buried(key: string, uid: string): void {
    const entry = this.#entries.get(key);
    if (entry && "deletedUid" in entry && entry.deletedUid === uid) this.#entries.delete(key);
  }

  #expiry(): number {
    return this.#clock.monotonicMs() + LIFETIME_MS;
  }
}

function supersedes<T extends KubeObject>(object: T, entry: Write<T> | Tombstone, uid: string): boolean {
  if ("deletedUid" in entry) return entry.deletedUid !== uid;
  return hasReached(object.metadata.resourceVersion, entry.object.metadata.resourceVersion);
}

function outlives(watched: KubeObject, tombstone: Tombstone): boolean {
  if (watched.metadata.uid !== tombstone.deletedUid) return true;
  return !tombstone.wasTerminating && watched.metadata.deletionTimestamp !== undefined;
}
