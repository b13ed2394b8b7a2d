import type { StartedBuild } from "./fair-queue.ts";

/** What of the queue is in no cache: places of builds whose Jobs are being created, and builds that were refused. */
export class Slots {
  readonly #taken = new Map<string, StartedBuild>();
  readonly #refused = new Set<string>();

  /** Takes a place for a build of an Image, by `namespace/name`. */
  take(key: string, build: Pick<StartedBuild, "namespace" | "product">): void {
    this.#taken.set(key, { ...build, createdAt: "", isRunning: true, takesPlace: true });
  }

  /** The Job is in the cache, or there is none. */
  release(key: string): void {
    this.#taken.delete(key);
  }

  /** The cluster did not take its Job: others go first until it is looked at again. */
  refuse(key: string): void {
    this.#refused.add(key);
  }

  /** It is looked at, or is gone. */
  admit(key: string): void {
    this.#refused.delete(key);
  }

  isRefused(key: string): boolean {
    return this.#refused.has(key);
  }

  /** Those of all other Images. */
  beside(key: string): StartedBuild[] {
    return [...this.#taken].flatMap(([other, build]) => (other === key ? [] : [build]));
  }
}
