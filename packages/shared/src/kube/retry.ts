import type { Clock } from "../clock/clock.ts";
import { ApiError, TransportError } from "./api-error.ts";
import type { Deadline } from "./deadline.ts";

/** When one call may be sent again. */
export interface RetryPolicy {
  /** Sending it twice does the same as once: also resend after 502, 503, 504 and a broken connection. */
  readonly idempotent: boolean;
  readonly deadline: Deadline;
  readonly clock: Clock;
  /** Called before each further attempt. */
  readonly onRetry: () => void;
}

const MAX_RETRIES = 10;
const THROTTLED_MS = 1_000;
const FIRST_BACKOFF_MS = 100;
const LONGEST_BACKOFF_MS = 5_000;

/**
 * Runs `attempt` until it succeeds, fails for good, or the wait would pass the deadline; then the last error
 * is thrown, at once. A 429 means that nothing was done, so every call obeys its Retry-After.
 */
export async function withRetries<Result>(
  attempt: () => Promise<Result>,
  policy: RetryPolicy,
): Promise<Result> {
  for (let retries = 0; ; retries++) {
    try {
      return await attempt();
    } catch (error) {
      const delayMs = retryDelayMs(error, retries, policy.idempotent);
      const worthwhile =
        delayMs !== undefined && retries < MAX_RETRIES && delayMs < policy.deadline.remainingMs;
      if (!worthwhile || !(await slept(delayMs, policy))) throw error;
      policy.onRetry();
    }
  }
}

async function slept(delayMs: number, { clock, deadline }: RetryPolicy): Promise<boolean> {
  try {
    await clock.sleep(delayMs, deadline.signal);
    return true;
  } catch {
    return false;
  }
}

function retryDelayMs(error: unknown, retries: number, idempotent: boolean): number | undefined {
  const backoffMs = Math.random() * Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** retries);
  if (error instanceof ApiError && error.isThrottled)
    return (error.retryAfterMs ?? THROTTLED_MS) + backoffMs / 10;
  if (!idempotent) return undefined;
  if (error instanceof ApiError && [502, 503, 504].includes(error.status)) {
    return Math.max(error.retryAfterMs ?? 0, backoffMs);
  }
  const broken = error instanceof TransportError && ["unreachable", "disconnected"].includes(error.failure);
  return broken ? backoffMs : undefined;
}

/** Reads a Retry-After header, in seconds or as a date; undefined when it is absent or makes no sense. */
export function parseRetryAfterMs(header: string | undefined, nowMs: number): number | undefined {
  if (!header) return undefined;
  if (/^\d+$/.test(header.trim())) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - nowMs);
}
