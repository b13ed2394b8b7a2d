import type { Clock } from "@datalayer/shared/clock/clock";
import type { Pod } from "@datalayer/shared/kube/kinds";
import { label } from "../runtime/names.ts";

/** One Pod that carries a claim key. */
interface Claimant {
  readonly pod: Pod;
  /** It came with a list, so its place among others of that list is not known. */
  readonly listed: boolean;
  /** When it went, on the monotonic clock. */
  endedAtMs?: number;
}

/** What is known of the first runtime of a key. */
export type First =
  | { kind: "none" }
  | { kind: "first"; pod: Pod }
  /** The first one has ended; the key stays used for a while. */
  | { kind: "ended" }
  /** Several came with one list: only the API server knows their order. */
  | { kind: "unordered" };

/**
 * Which runtime each claim key got: the first Pod with the key, in the order of the watch.
 *
 * Every replica sees the same order, because it is the order in which the API server wrote. So all of them
 * give the same answer for a key, however many Pods were claimed for it at once.
 */
export class ClaimOrder {
  readonly #claimants = new Map<string, Claimant[]>();
  readonly #givenUp = new Set<string>();
  readonly #clock: Clock;
  readonly #rememberMs: number;

  /** @param options - `rememberMs`: how long a key stays used after its runtime has ended. */
  constructor(options: { clock: Clock; rememberMs: number }) {
    this.#clock = options.clock;
    this.#rememberMs = options.rememberMs;
  }

  /** Follows one change of a Pod, in watch order. */
  observe(pod: Pod, change: { deleted: boolean; listed: boolean }): void {
    const key = pod.metadata.labels?.[label.claimKey];
    const { uid } = pod.metadata;
    if (change.deleted ? this.#givenUp.delete(uid) : this.#givenUp.has(uid)) return;
    if (key === undefined) return;
    const claimants = this.#claimants.get(key) ?? [];
    this.#claimants.set(key, claimants);
    const index = claimants.findIndex((claimant) => claimant.pod.metadata.uid === uid);
    const listed = claimants[index]?.listed ?? change.listed;
    const endedAtMs = change.deleted ? this.#clock.monotonicMs() : undefined;
    claimants.splice(index < 0 ? claimants.length : index, 1, { pod, listed, endedAtMs });
  }

  /**
   * Takes a Pod out as if it had never been claimed: the claim gives it up before it is answered. The patch
   * may still be seen later.
   */
  giveUp(pod: Pod): void {
    this.#givenUp.add(pod.metadata.uid);
    for (const [key, claimants] of this.#claimants) {
      const rest = claimants.filter((claimant) => claimant.pod.metadata.uid !== pod.metadata.uid);
      if (rest.length < claimants.length) this.#claimants.set(key, rest);
    }
  }

  /** The first runtime of the key. */
  first(key: string): First {
    const [first, second] = this.#claimants.get(key) ?? [];
    if (!first) return { kind: "none" };
    if (first.listed && second?.listed) return { kind: "unordered" };
    const ended = first.endedAtMs !== undefined || first.pod.metadata.deletionTimestamp !== undefined;
    return ended ? { kind: "ended" } : { kind: "first", pod: first.pod };
  }

  /** Whether another Pod is known to have had this Pod's claim key first. */
  isSuperseded(pod: Pod): boolean {
    const [first, second] = this.#claimants.get(pod.metadata.labels?.[label.claimKey] ?? "") ?? [];
    if (!first || (first.listed && second?.listed)) return false;
    return first.pod.metadata.uid !== pod.metadata.uid;
  }

  /** Forgets the keys whose runtimes all ended long ago. Call it now and then. */
  prune(): void {
    const before = this.#clock.monotonicMs() - this.#rememberMs;
    for (const [key, claimants] of this.#claimants) {
      if (claimants.every(({ endedAtMs = Infinity }) => endedAtMs < before)) this.#claimants.delete(key);
    }
  }
}
