import type { Pod } from "@datalayer/shared/kube/kinds";
import { keyOf, type ObjectRef } from "@datalayer/shared/kube/object";
import { annotation, label } from "../runtime/names.ts";

/** Assumed until a start was observed. */
const unknownMs = 10_000;
/** How much the latest start counts against all earlier ones. */
const weight = 0.3;

/** How long the runtimes of each pool take to start, from what the watch has shown since this process began. */
export class StartTimes {
  readonly #averageMs = new Map<string, number>();
  readonly #counted = new Set<string>();

  /** Follows one change of a Pod. Only the first time that it is available counts. */
  observe(pod: Pod, change: { deleted: boolean; listed: boolean }): void {
    const { uid, labels } = pod.metadata;
    if (change.deleted) this.#counted.delete(uid);
    else if (labels?.[label.state] === "available" && !this.#counted.has(uid)) {
      this.#counted.add(uid);
      // What was listed may have become ready for the second time.
      if (!change.listed) this.#learn(pod);
    }
  }

  /** The average of a pool, in milliseconds. */
  of(pool: ObjectRef): number {
    return this.#averageMs.get(keyOf(pool)) ?? unknownMs;
  }

  #learn({ metadata, status }: Pod): void {
    const { namespace, annotations, creationTimestamp } = metadata;
    const ready = status?.conditions?.find(({ type }) => type === "Ready")?.lastTransitionTime;
    if (ready === undefined) return;
    const tookMs = Math.max(0, Date.parse(ready) - Date.parse(creationTimestamp));
    const key = keyOf({ namespace, name: annotations?.[annotation.pool] ?? "" });
    const average = this.#averageMs.get(key) ?? tookMs;
    this.#averageMs.set(key, average + weight * (tookMs - average));
  }
}
