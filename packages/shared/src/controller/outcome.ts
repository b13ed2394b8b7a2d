/** Nothing left to do; looked at again when something changes, or after `recheckAfterMs`. */
export interface Settled {
  kind: "settled";
  recheckAfterMs?: number;
}

/** Something else must happen first. Looked at again after `retryAfterMs`, or sooner when a watched object changes. */
export interface Waiting {
  kind: "waiting";
  /** PascalCase, becomes the reason of the conditions. */
  reason: string;
  /** A sentence for people: what is waited for. */
  message: string;
  retryAfterMs: number;
}

/** Cannot succeed as specified. Not tried again until the object, or one it watches, changes. */
export interface Stalled {
  kind: "stalled";
  /** PascalCase, becomes the reason of the conditions. */
  reason: string;
  /** A sentence for people: the field, its value, and what was expected. */
  message: string;
}

/**
 * How a reconcile ended, as a value. Throwing is the fourth way, and means only "transient": the loop
 * tries again with back-off.
 */
export type Outcome = Settled | Waiting | Stalled;

/** The desired state is reached. */
export function settled(options: Omit<Settled, "kind"> = {}): Settled {
  return { kind: "settled", ...options };
}

/** The desired state is not reached yet, and nothing is wrong. */
export function waiting(options: Omit<Waiting, "kind">): Waiting {
  return { kind: "waiting", ...options };
}

/** The desired state cannot be reached until somebody changes it. */
export function stalled(options: Omit<Stalled, "kind">): Stalled {
  return { kind: "stalled", ...options };
}
