import type { Clock } from "@datalayer/shared/clock/clock";
import { KeySet, type ReadKeys } from "./key-set.ts";

/** More than Routes have issuers; the one that was not asked for longest is read anew when it is needed. */
const mostSets = 1_000;

/** The keys of every issuer that Routes name, by the address where they are. */
export class KeySets {
  readonly #options: { read: ReadKeys; clock: Clock };
  readonly #sets = new Map<string, KeySet>();

  constructor(options: { read: ReadKeys; clock: Clock }) {
    this.#options = options;
  }

  /** The keys at an address; they are not read yet. */
  at(url: string): KeySet {
    const set = this.#sets.get(url) ?? new KeySet({ ...this.#options, url });
    this.#sets.delete(url);
    this.#sets.set(url, set);
    for (const oldest of this.#sets.keys()) {
      if (this.#sets.size <= mostSets) break;
      this.#sets.delete(oldest);
    }
    return set;
  }
}
