/** What was asked of the API server; every failure names it. */
export interface Call {
  /** The Kubernetes verb: `get`, `list`, `watch`, `create`, `patch`, `apply`, `delete`, or an HTTP method for raw calls. */
  readonly verb: string;
  /** The kind, or the path of a raw call. */
  readonly kind: string;
  /** `namespace/name`, `namespace` for a collection, empty for all. */
  readonly target: string;
}

/** One reason why the server refused a request, as in `Status.details.causes`. */
export interface StatusCause {
  field?: string;
  reason?: string;
  message?: string;
}

/** The part of a `metav1.Status` that says which object and fields are meant. */
export interface StatusDetails {
  name?: string;
  group?: string;
  kind?: string;
  uid?: string;
  causes?: StatusCause[];
  retryAfterSeconds?: number;
}

/** The body with which the API server answers a request it does not carry out. */
export interface Status {
  kind?: string;
  code?: number;
  reason?: string;
  message?: string;
  details?: StatusDetails;
}

/** The API server answered, and the answer is not success. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly call: Call;
  /** HTTP status, or the code of the `Status` in a watch. */
  readonly status: number;
  /** The machine-readable reason, such as `NotFound`; `Unknown` when the server gave none. */
  readonly reason: string;
  readonly details: StatusDetails | undefined;
  /** How long the server asks to wait before the same request is sent again. */
  readonly retryAfterMs: number | undefined;

  constructor(call: Call, status: number, body: Status, retryAfterMs?: number) {
    const reason = body.reason ?? "Unknown";
    super(`${describeCall(call)}: ${status} ${reason}: ${body.message ?? "the server gave no message"}`);
    this.call = call;
    this.status = status;
    this.reason = reason;
    this.details = body.details;
    this.retryAfterMs = retryAfterMs;
  }

  /** No such object, or its kind is not served. */
  get isNotFound(): boolean {
    return this.status === 404;
  }

  /** A precondition (resourceVersion, UID) did not hold. */
  get isConflict(): boolean {
    return this.status === 409 && this.reason !== "AlreadyExists";
  }

  /** An object of that name is there already. */
  get isAlreadyExists(): boolean {
    return this.status === 409 && this.reason === "AlreadyExists";
  }

  /**
   * The content was refused, or a JSON Patch did not apply. With `details.causes` the values are wrong;
   * without, a `test` failed or a path is missing (the server does not say which).
   */
  get isInvalid(): boolean {
    return this.status === 422;
  }

  /** A JSON Patch did not apply: the object is not (or no longer) what the patch expects. Nothing was written. */
  get isPatchRefused(): boolean {
    return this.isInvalid && !this.details?.causes?.length;
  }

  /** The resourceVersion or continue token is older than what the server keeps. */
  get isGone(): boolean {
    return this.status === 410 || this.reason === "Expired" || this.reason === "Gone";
  }

  /** The credentials are not accepted. */
  get isUnauthorized(): boolean {
    return this.status === 401;
  }

  /** The credentials are known but not allowed to do this, or admission refused it. */
  get isForbidden(): boolean {
    return this.status === 403;
  }

  /** Too many requests: nothing was done. */
  get isThrottled(): boolean {
    return this.status === 429;
  }

  /** The same request may succeed later, unchanged. After a 5xx it may also have been carried out. */
  get isRetryable(): boolean {
    return this.isThrottled || this.status >= 500;
  }

  /** The request may have been carried out although it failed: a 5xx says nothing certain. */
  get isAmbiguous(): boolean {
    return this.status >= 500;
  }
}

/** Why there was no complete answer. */
export type TransportFailure =
  "unreachable" | "credentials" | "disconnected" | "timeout" | "aborted" | "garbled";

/** There was no complete answer: the connection failed, the deadline passed, or the caller gave up. */
export class TransportError extends Error {
  override readonly name = "TransportError";
  readonly call: Call;
  readonly failure: TransportFailure;
  /**
   * `false`: the request certainly never reached the server. `true`: it may have been carried out, or may
   * still be, so the outcome is unknown until the server is asked.
   */
  readonly sent: boolean;

  constructor(
    call: Call,
    failure: TransportFailure,
    message: string,
    options: { sent: boolean; cause?: unknown },
  ) {
    super(`${describeCall(call)}: ${message}`, { cause: options.cause });
    this.call = call;
    this.failure = failure;
    this.sent = options.sent;
  }

  /** The request may have been carried out although there was no answer. */
  get isAmbiguous(): boolean {
    return this.sent;
  }
}

/** `patch Pod team-a/p1`: how messages and logs name a call. */
function describeCall(call: Call): string {
  return [call.verb, call.kind, call.target].filter((part) => part !== "").join(" ");
}

/** Reads the body of a refused request; a body that is no `Status` becomes its message. */
export function parseStatus(body: string): Status {
  try {
    const status = JSON.parse(body) as Status | null;
    if (typeof status === "object" && status?.kind === "Status") return status;
  } catch {
    // A proxy or load balancer answered in its own words: they are all there is to show.
  }
  return { message: body.slice(0, 500).trim() || undefined };
}
