/** Why a claim got no runtime. */
export type ClaimRefusal =
  /** No such environment, pool, or pool of that environment. */
  | "not-found"
  /** The user or the namespace has as many runtimes as it may have. */
  | "quota-exceeded"
  /** The user has the most claims of a waiting line that is full. */
  | "too-many-waiting"
  /** The caller went away while its claim was waiting. */
  | "caller-gone"
  /** A runtime that was created for this claim does not start. */
  | "start-failed"
  /** Every available runtime is taken. */
  | "pool-empty"
  /** The API server refuses what the caller wants to have written. */
  | "invalid"
  /** The key belongs to a claim with another body. */
  | "key-reused"
  /** A claim with this key and another body is under way. */
  | "key-in-flight"
  /** The runtime of this key has ended. */
  | "key-ended"
  /** The cluster refuses the Secret with what the claim brings. */
  | "injection-failed"
  /** The API server gives no definite answer in time. */
  | "unavailable";

/** A claim that got no runtime, and what the caller can do. */
export class ClaimError extends Error {
  override readonly name = "ClaimError";
  readonly refusal: ClaimRefusal;
  /** When it is worth trying again; undefined when repeating the same claim is of no use. */
  readonly retryAfterMs?: number;
  /** More about it, for programs: members of the problem document. */
  readonly facts: Readonly<Record<string, unknown>>;

  constructor(
    refusal: ClaimRefusal,
    message: string,
    options: ErrorOptions & { retryAfterMs?: number; facts?: Record<string, unknown> } = {},
  ) {
    super(message, options);
    this.refusal = refusal;
    this.retryAfterMs = options.retryAfterMs;
    this.facts = options.facts ?? {};
  }
}

/** The refusal of a key whose runtime has ended. */
export function keyEnded(): ClaimError {
  return new ClaimError("key-ended", "the runtime of this Idempotency-Key has ended");
}
