import type { WantedMount } from "../mount/content-mounts.ts";

/** The size of a runtime that is created for its claim; one of the two. */
export interface ColdStart {
  /** Name of a class of sizes. */
  sizeClass?: string;
  /** Kubernetes quantities. */
  resources?: { cpu?: string; memory?: string };
}

/** What a caller asks for when it claims a runtime; already validated. */
export interface ClaimRequest {
  /** Name of the RuntimeEnvironment; any of its pools may serve. */
  environment?: string;
  /** Name of one pool; with `environment` too, the pool must be one of its pools. */
  pool?: string;
  /** Namespace of both; undefined looks in every watched namespace. */
  namespace?: string;
  userUid: string;
  reservationId?: string;
  /** `notebook`, `cell`, `terminal` or `job`. */
  type: string;
  /** Default: made of type and time. */
  givenName?: string;
  /** Credits after which the runtime ends; undefined sets no end. */
  creditsLimit?: number;
  /** The caller's Idempotency-Key; undefined makes the claim one of its own. */
  idempotencyKey?: string;
  /** SHA-256 of the request's body. It stays in memory: what the body holds could be guessed from it. */
  bodyHash: string;
  /** Whether a Secret will follow, so that the runtime can wait for it. Default: none. */
  bringsSecret?: boolean;
  /** Only a runtime that was made with all of these will do. Default: any. */
  contents?: readonly WantedMount[];
  /** Asks for a runtime of this size, created for the claim. Default: a warm one. */
  coldStart?: ColdStart;
  /** How long it may wait for a runtime where none is available, in milliseconds. Default: not at all. */
  waitMs?: number;
  /** Aborts when the caller has gone: then it waits no longer. */
  signal?: AbortSignal;
}
