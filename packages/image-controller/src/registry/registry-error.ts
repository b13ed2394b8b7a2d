/** What a failure means for whoever asked. */
export type RegistryFailure =
  /** It may be well the next time: the registry is away, busy or broken. */
  | "unavailable"
  /** It is the same until somebody changes something: credentials, rights, the certificate, the address. */
  | "refused"
  /** It answered what no registry should. */
  | "invalid"
  /** What it has is not what it was when it was pushed: content of another digest, or none that can be read. */
  | "corrupt"
  /** It has a part of what was asked for, and has lost another. */
  | "incomplete";

/** A registry did not do what it was asked. The message names it, and holds no credentials. */
export class RegistryError extends Error {
  override readonly name = "RegistryError";
  readonly failure: RegistryFailure;
  /** The HTTP status, where there was an answer. */
  readonly status: number | undefined;
  /** How long it asks to be left alone, in milliseconds. */
  readonly retryAfterMs: number | undefined;

  constructor(
    failure: RegistryFailure,
    message: string,
    options: { status?: number; retryAfterMs?: number; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.failure = failure;
    this.status = options.status;
    this.retryAfterMs = options.retryAfterMs;
  }
}
