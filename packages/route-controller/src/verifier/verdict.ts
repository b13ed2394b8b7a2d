/** Why a request is refused: the label of a metric, so there are these and no others. */
export type DenialReason =
  | "no-credentials"
  | "malformed-credentials"
  | "forged"
  | "expired"
  | "not-yet-valid"
  | "wrong-issuer"
  | "wrong-audience"
  | "unknown-key"
  | "refused-upstream"
  | "malformed-request"
  | "unknown-route"
  | "other-host"
  | "other-auth"
  | "not-synced"
  | "keys-unavailable"
  | "upstream-unavailable"
  | "overloaded";

/** The request may pass. */
export interface Allowed {
  readonly kind: "allowed";
  /** What the target learns of who asks. */
  readonly headers: Readonly<Record<string, string>>;
  /** When it stops to be so, in milliseconds since the epoch; undefined when nothing says. */
  readonly untilMs?: number;
}

/** The request may not pass. */
export interface Denied {
  readonly kind: "denied";
  /** 401: other credentials may pass. 403: none would. 503: nobody can tell now. */
  readonly status: 401 | 403 | 503;
  readonly reason: DenialReason;
  /** The value of `WWW-Authenticate`; only with 401. */
  readonly challenge?: string;
}

/** What is said of one request. */
export type Verdict = Allowed | Denied;

/** 401: other credentials may pass. */
export function unauthenticated(reason: DenialReason, challenge: string): Denied {
  return { kind: "denied", status: 401, reason, challenge };
}

/** 403: no credentials would pass. */
export function forbidden(reason: DenialReason): Denied {
  return { kind: "denied", status: 403, reason };
}

/** 503: nobody can tell now, so nobody passes. */
export function undecided(reason: DenialReason): Denied {
  return { kind: "denied", status: 503, reason };
}
