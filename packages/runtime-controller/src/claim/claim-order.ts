import type { Clock } from "@datalayer/shared/clock/clock";
import type { Pod } from "@datalayer/shared/kube/kinds";
import { label } from "../runtime/names.ts";

/** One Pod that carries a claim key. */
interface Claimant {
  /** The newest version in which it was there. */
  readonly pod: Pod;
  /** It came with a list, so its place among others of that list is not known. */
  readonly listed: boolean;
  /** When it went, on the monotonic clock. */
  endedAtMs?: number;
}

/** Whether a Pod is gone, and whether that was found by a list rather than told by the watch. */
interface PodChange {
  readonly deleted: boolean;
  readonly listed: boolean;
}

/** What is known of the first runtime of a key. */
export type First =
  | { kind: "none" }
  | { kind: "first"; pod: Pod }
  /** The first one has ended; the key stays used for a while. */
  | { kind: "ended" }
  /** Several came with one list: only the API server knows their order, see {@link ClaimOrder.settle}. */
  | { kind: "unordered" };

/**
 * Which runtime each claim key got: the first Pod with the key, in the order of the watch.
 *
 * Every replica sees the same order, because it is the order in which the API server wrote. So all of them
 * give the same answer for a key, however many Pods were claimed for it at once.
 */
export class ClaimOrder {
  readonly #claimants = new Map<string, Claimant[]>();
  /** Keys in the order in which Pods of theirs went, to forget them in time. */
  readonly #endings: { key: string; atMs: number }[] = [];
  readonly #clock: Clock;
  readonly #rememberMs: number;

  /** @param options - `rememberMs`: how long a key stays used after its runtime has ended. */
  constructor(options: { clock: Clock; rememberMs: number }) {
    this.#clock = options.clock;
    this.#rememberMs = options.rememberMs;
  }

  /** Follows one change of a Pod, in watch order. */
  observe(pod: Pod, change: PodChange): void {
    const key = pod.metadata.labels?.[label.claimKey];
    if (key === undefined) return;
    const { uid } = pod.metadata;
    const claimants = this.#claimants.get(key) ?? [];
    const index = claimants.findIndex((claimant) => claimant.pod.metadata.uid === uid);
    const claimant = this.#after(claimants[index], pod, change);
    if (index >= 0) claimants[index] = claimant;
    // Another replica, which knows nothing of those that went, may use the key anew: that one is the first now.
    else if (claimants.every(hasGone)) this.#claimants.set(key, [claimant]);
    else claimants.push(claimant);
    if (claimant.endedAtMs !== undefined) this.#endings.push({ key, atMs: claimant.endedAtMs });
    this.#forgetOld();
  }

  /** Notes which Pod is the first of a key that was `unordered`, as the API server's history tells. */
  settle(key: string, first: Pod): void {
    const others = this.#claimants.get(key)?.filter(({ pod }) => pod.metadata.uid !== first.metadata.uid);
    const known = this.#claimants.get(key)?.find(({ pod }) => pod.metadata.uid === first.metadata.uid);
    if (others && known) this.#claimants.set(key, [{ ...known, listed: false }, ...others]);
  }

  /** The first runtime of the key. */
  first(key: string): First {
    this.#forgetOld();
    const claimants = this.#claimants.get(key) ?? [];
    const [first, second] = claimants;
    if (!first) return { kind: "none" };
    // Whichever of them was the first.
    if (claimants.every(hasEnded)) return { kind: "ended" };
    if (first.listed && second?.listed) return { kind: "unordered" };
    return hasEnded(first) ? { kind: "ended" } : { kind: "first", pod: first.pod };
  }

  /**
   * The version from which to look for the first of a key's Pods: one of them was last seen in it, and any that was
   * earlier was still there. Undefined when none is known.
   */
  lookBackFrom(key: string): bigint | undefined {
    const versions = this.#claimants.get(key)?.map(({ pod }) => BigInt(pod.metadata.resourceVersion)) ?? [];
    return versions.reduce<bigint | undefined>((a, b) => (a !== undefined && a < b ? a : b), undefined);
  }

  /** The other Pods of this Pod's claim key that are there, if this one is known to be the first of them. */
  secondsOf(pod: Pod): Pod[] {
    const [first, ...others] = this.#claimants.get(pod.metadata.labels?.[label.claimKey] ?? "") ?? [];
    if (first?.pod.metadata.uid !== pod.metadata.uid || (first.listed && others[0]?.listed)) return [];
    return others.filter((other) => !hasEnded(other)).map((other) => other.pod);
  }

  /** Whether another Pod is known to have had this Pod's claim key first. */
  isSuperseded(pod: Pod): boolean {
    const [first, second] = this.#claimants.get(pod.metadata.labels?.[label.claimKey] ?? "") ?? [];
    if (!first || (first.listed && second?.listed)) return false;
    return first.pod.metadata.uid !== pod.metadata.uid;
  }

  /** What is known of a Pod after a change; one that has gone stays as it was last seen. */
  #after(known: Claimant | undefined, pod: Pod, { deleted, listed }: PodChange): Claimant {
    const still = { pod, listed: known?.listed ?? listed };
    return deleted ? { ...still, pod: known?.pod ?? pod, endedAtMs: this.#clock.monotonicMs() } : still;
  }

  /** A key is forgotten once the last of its runtimes went long enough ago. */
  #forgetOld(): void {
    const before = this.#clock.monotonicMs() - this.#rememberMs;
    for (let oldest = this.#endings[0]; oldest && oldest.atMs < before; oldest = this.#endings[0]) {
      this.#endings.shift();
      const claimants = this.#claimants.get(oldest.key) ?? [];
      if (claimants.every(({ endedAtMs = Infinity }) => endedAtMs < before))
        this.#claimants.delete(oldest.key);
    }
  }
}

function hasGone({ endedAtMs }: Claimant): boolean {
  return endedAtMs !== undefined;
}

function hasEnded(claimant: Claimant): boolean {
  return hasGone(claimant) || claimant.pod.metadata.deletionTimestamp !== undefined;
}
