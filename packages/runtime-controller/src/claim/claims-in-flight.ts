import { ClaimError } from "./claim-error.ts";

/** The claims with a key that this replica is working on: the same claim sent twice at once is made once. */
export class ClaimsInFlight<Result> {
  readonly #claims = new Map<string, { bodyHash: string; result: Promise<Result> }>();

  /**
   * Runs `claim`, or joins the one that is under way for the key.
   * @throws ClaimError `key-in-flight` when that one has another body.
   */
  async run(key: string, bodyHash: string, claim: () => Promise<Result>): Promise<Result> {
    const known = this.#claims.get(key);
    if (known?.bodyHash === bodyHash) return await known.result;
    if (known)
      throw new ClaimError(
        "key-in-flight",
        "a claim with this Idempotency-Key and another body is under way",
      );
    const result = claim();
    this.#claims.set(key, { bodyHash, result });
    try {
      return await result;
    } finally {
      this.#claims.delete(key);
    }
  }
}
