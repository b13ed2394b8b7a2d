import type { Secret } from "@datalayer/shared/config/secret";
import type { UsageRecord } from "./usage-record.ts";

/** Where usage is delivered. */
export interface UsageSink {
  url: string;
  /** Sent as `X-API-Key`. */
  key?: Secret;
}

/** The sink did not take a record. */
export class SinkError extends Error {
  override readonly name = "SinkError";
  /** How long the sink asks to be left alone. */
  readonly retryAfterMs: number;

  constructor(message: string, retryAfterMs = 0) {
    super(message);
    this.retryAfterMs = retryAfterMs;
  }
}

const timeoutMs = 10_000;
const longestRetryAfterMs = 300_000;

/**
 * Sends one record, under its id as `Idempotency-Key`. 2xx means that the sink has it, and so does 409: it had it
 * already.
 * @throws SinkError when the sink refuses; anything else when it cannot be reached or does not answer in 10 s.
 */
export async function sendUsage(
  { url, key }: UsageSink,
  record: UsageRecord,
  signal: AbortSignal,
): Promise<void> {
  const response = await fetch(url, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      "idempotency-key": record.id,
      ...(key && { "x-api-key": key.reveal() }),
    },
    body: JSON.stringify(record),
    redirect: "manual",
    signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
  });
  await response.body?.cancel();
  if (response.ok || response.status === 409) return;
  const retryAfterMs = Number(response.headers.get("retry-after") ?? 0) * 1000;
  const isUsable = retryAfterMs > 0 && Number.isFinite(retryAfterMs);
  throw new SinkError(
    `the sink of usage answered with ${response.status}`,
    isUsable ? Math.min(retryAfterMs, longestRetryAfterMs) : 0,
  );
}
