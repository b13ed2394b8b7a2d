import type { StartedBuild } from "./fair-queue.ts";

/** Places that are taken by builds whose Jobs are being created: the cache does not show them yet. */
export class Slots {
  readonly #taken = new Map<string, StartedBuild>();

  /** Takes a place for a build of an Image, by `namespace/name`. */
  take(key: string, build: { namespace: string; hash: string }): void {
    this.#taken.set(key, { ...build, createdAt: "", isRunning: true });
  }

  /** The Job is in the cache, or there is none. */
  release(key: string): void {
    this.#taken.delete(key);
  }

  /** Those of all other Images. */
  beside(key: string): StartedBuild[] {
    return [...this.#taken].flatMap(([other, build]) => (other === key ? [] : [build]));
  }
}
