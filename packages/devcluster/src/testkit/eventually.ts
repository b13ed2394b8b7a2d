import { setTimeout as delay } from "node:timers/promises";

/** How to wait; times in milliseconds. */
export interface EventuallyOptions {
  /** Default: 20 s, which a busy machine may need. */
  timeoutMs?: number;
  /** Default: 25 ms. */
  intervalMs?: number;
  /** What was waited for, for the error. */
  message?: string;
}

/**
 * Waits until `check` gives something other than undefined, null or false, and resolves with it. A check that
 * throws counts as "not yet". Rejects when the time is up, with the last thing thrown as the cause.
 */
export async function eventually<T>(
  check: () => T | Promise<T>,
  options: EventuallyOptions = {},
): Promise<Exclude<NonNullable<T>, false>> {
  const { timeoutMs = 20_000, intervalMs = 25, message = "the condition" } = options;
  const deadline = performance.now() + timeoutMs;
  let cause: unknown;
  do {
    try {
      const value = await check();
      if (value !== undefined && value !== null && value !== false) {
        return value as Exclude<NonNullable<T>, false>;
      }
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    await delay(intervalMs);
  } while (performance.now() < deadline);
  throw new Error(`waited ${timeoutMs / 1000} s in vain for ${message}`, { cause });
}
