import { ClaimError } from "./claim-error.ts";

interface Entry<Result> {
  bodyHash: string;
  result: Promise<Result>;
  /** Callers that still wait for the result. */
  callers: number;
  /** Aborts when none is left. */
  abandoned: AbortController;
}

/** The claims with a key that this replica is working on: the same claim sent twice at once is made once. */
export class ClaimsInFlight<Result> {
  readonly #claims = new Map<string, Entry<Result>>();

  /**
   * Runs `claim`, or joins the one that is under way for the key.
   * @param caller - `signal` aborts when this caller has gone; what `claim` gets aborts when all of them have.
   * @throws ClaimError `key-in-flight` when that one has another body.
   */
  async run(
    key: string,
    caller: { bodyHash: string; signal?: AbortSignal },
    claim: (signal: AbortSignal) => Promise<Result>,
  ): Promise<Result> {
    const { bodyHash, signal } = caller;
    const known = this.#claims.get(key);
    const isJoinable = known !== undefined && !known.abandoned.signal.aborted;
    if (isJoinable && known.bodyHash !== bodyHash)
      throw new ClaimError(
        "key-in-flight",
        "a claim with this Idempotency-Key and another body is under way",
      );
    const entry = isJoinable ? known : this.#begin(key, bodyHash, claim);
    const leave = (): void => {
      entry.callers--;
      if (entry.callers === 0) entry.abandoned.abort();
    };
    entry.callers++;
    if (signal?.aborted) leave();
    signal?.addEventListener("abort", leave, { once: true });
    try {
      return await entry.result;
    } finally {
      signal?.removeEventListener("abort", leave);
    }
  }

  #begin(key: string, bodyHash: string, claim: (signal: AbortSignal) => Promise<Result>): Entry<Result> {
    const abandoned = new AbortController();
    const entry = { bodyHash, result: claim(abandoned.signal), callers: 0, abandoned };
    this.#claims.set(key, entry);
    const forget = (): void => {
      if (this.#claims.get(key) === entry) this.#claims.delete(key);
    };
    void entry.result.then(forget, forget);
    return entry;
  }
}
