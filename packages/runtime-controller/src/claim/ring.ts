import { createHash } from "node:crypto";

interface Point {
  readonly at: string;
  readonly uid: string;
}

/**
 * The available runtimes of one pool on a ring, from which claims take their candidates.
 *
 * A claim starts at a point that its key fixes, so replicas that serve different claims rarely meet on one
 * runtime, and replicas that serve the same claim always do. Taking the oldest first instead costs a lost
 * patch per claim as soon as two replicas work.
 */
export class Ring {
  readonly #points: Point[] = [];

  /** Number of runtimes on the ring. */
  get size(): number {
    return this.#points.length;
  }

  /** Puts a runtime on the ring; does nothing when it is there. */
  add(uid: string): void {
    const at = pointOf(uid);
    const index = this.#firstFrom(at);
    if (this.#points[index]?.uid !== uid) this.#points.splice(index, 0, { at, uid });
  }

  /** Takes a runtime off the ring; does nothing when it is not there. */
  remove(uid: string): void {
    const index = this.#firstFrom(pointOf(uid));
    if (this.#points[index]?.uid === uid) this.#points.splice(index, 1);
  }

  /**
   * The first runtime at or after the point of `key`; undefined when there is none.
   * @param suits - passes over those for which it is false. Default: none.
   */
  successor(key: string, suits: (uid: string) => boolean = () => true): string | undefined {
    const first = this.#firstFrom(pointOf(key));
    for (let step = 0; step < this.size; step++) {
      const uid = this.#points[(first + step) % this.size]?.uid;
      if (uid !== undefined && suits(uid)) return uid;
    }
    return undefined;
  }

  /** Index of the first point that is not before `at`. */
  #firstFrom(at: string): number {
    let low = 0;
    let high = this.#points.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#points[middle]?.at ?? "") < at) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function pointOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
