import { backoffMs } from "../clock/backoff.ts";
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
const BACKOFF = { firstMs: 100, longestMs: 5_000 };
const LONGEST_ASKED_MS = 60_000;
/** The one form of RFC 9110 that may be sent: `Thu, 01 Jan 2026 00:00:05 GMT`. */
const HTTP_DATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

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
  const jitteredMs = backoffMs(retries + 1, BACKOFF, Math.random);
  if (error instanceof ApiError && error.isThrottled)
    return (error.retryAfterMs ?? THROTTLED_MS) + jitteredMs / 10;
  if (!idempotent) return undefined;
  if (error instanceof ApiError && [502, 503, 504].includes(error.status)) {
    return Math.max(error.retryAfterMs ?? 0, jitteredMs);
  }
  const broken = error instanceof TransportError && ["unreachable", "disconnected"].includes(error.failure);
  return broken ? jitteredMs : undefined;
}

/**
 * How long the server asks to wait: by its Retry-After header, in seconds or as a date, else by the body of its
 * refusal. Undefined when it does not say, or what it says makes no sense; never more than a minute, as a server
 * that asks for days has a bug, and must not put the operator to sleep for as long.
 */
export function retryAfterMs(
  header: string | undefined,
  bodySeconds: unknown,
  nowMs: number,
): number | undefined {
  const askedMs = headerMs(header?.trim() ?? "", nowMs) ?? secondsMs(String(bodySeconds));
  return askedMs === undefined ? undefined : Math.min(askedMs, LONGEST_ASKED_MS);
}

function headerMs(header: string, nowMs: number): number | undefined {
  // Date.parse takes almost anything for a date: "-1" is one in 2001.
  const dateMs = HTTP_DATE.test(header) ? Date.parse(header) : NaN;
  return Number.isNaN(dateMs) ? secondsMs(header) : Math.max(0, dateMs - nowMs);
}

function secondsMs(text: string): number | undefined {
  return /^\d+$/.test(text) ? Number(text) * 1000 : undefined;
}
