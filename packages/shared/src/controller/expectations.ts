import { systemClock, type Clock } from "../clock/clock.ts";

interface Expected {
  creations: Set<string>;
  deletions: Set<string>;
  sinceMs: number;
}

/** What was expected may never come (a watch event was compacted away): after this the cache is believed again. */
const EXPIRY_MS = 5 * 60_000;

/**
 * Creations and deletions that an owner asked for and its cache has not shown yet. Counting from the cache
 * before that would create or delete them twice.
 *
 * Expect before the call, so that the event cannot come first; when the call fails for certain, take the
 * expectation back with `seenCreation` or `seenDeletion`. Creations are known by name, deletions by UID, as a
 * name may return.
 */
export class Expectations {
  readonly #byOwner = new Map<string, Expected>();
  readonly #clock: Clock;

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
  }

  /** An object of this name is about to be created for the owner. */
  expectCreation(owner: string, name: string): void {
    this.#renewed(owner).creations.add(name);
  }

  /** The object with this UID is about to be deleted for the owner. */
  expectDeletion(owner: string, uid: string): void {
    this.#renewed(owner).deletions.add(uid);
  }

  /** The cache shows the object, or it was not created after all. */
  seenCreation(owner: string, name: string): void {
    this.#byOwner.get(owner)?.creations.delete(name);
    this.#dropIfMet(owner);
  }

  /** The cache shows that the object is gone (or going), or it was not deleted after all. */
  seenDeletion(owner: string, uid: string): void {
    this.#byOwner.get(owner)?.deletions.delete(uid);
    this.#dropIfMet(owner);
  }

  /** Whether the cache shows all that was asked for, or five minutes have passed since the last request. */
  areMet(owner: string): boolean {
    const expected = this.#byOwner.get(owner);
    if (!expected) return true;
    if (this.#clock.monotonicMs() - expected.sinceMs < EXPIRY_MS) return false;
    this.#byOwner.delete(owner);
    return true;
  }

  /** How many creations the cache does not show yet. */
  pendingCreations(owner: string): number {
    return this.#byOwner.get(owner)?.creations.size ?? 0;
  }

  /** How many deletions the cache does not show yet. */
  pendingDeletions(owner: string): number {
    return this.#byOwner.get(owner)?.deletions.size ?? 0;
  }

  /** The owner is gone. */
  forget(owner: string): void {
    this.#byOwner.delete(owner);
  }

  #renewed(owner: string): Expected {
    const known = this.#byOwner.get(owner);
    const expected = known ?? { creations: new Set(), deletions: new Set(), sinceMs: 0 };
    expected.sinceMs = this.#clock.monotonicMs();
    this.#byOwner.set(owner, expected);
    return expected;
  }

  #dropIfMet(owner: string): void {
    const expected = this.#byOwner.get(owner);
    if (expected?.creations.size === 0 && expected.deletions.size === 0) this.#byOwner.delete(owner);
  }
}
