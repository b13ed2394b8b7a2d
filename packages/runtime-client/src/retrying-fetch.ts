import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";

/** How a client repeats requests. */
export interface RetryOptions {
  /** How often a request is sent at most. Default: 4. */
  attempts?: number;
  /** The wait before the second attempt, doubled for each further one. Default: 1000. */
  backoffMs?: number;
  /** The longest wait that a `Retry-After` may ask for; beyond, the answer is returned. Default: 30 000. */
  longestWaitMs?: number;
}

interface SendOptions extends RetryOptions {
  apiKey: () => string | Promise<string>;
}

const repeatable = [502, 503, 504];

/**
 * A `fetch` that adds the key, and sends a request again when the API cannot answer it now. Waits as long as
 * `Retry-After` says, else with a doubling back-off and jitter; the request's signal ends the waiting.
 */
export function retryingFetch(options: SendOptions): (request: Request) => Promise<Response> {
  const { attempts = 4, apiKey } = options;
  return async (request) => {
    if (request.method === "POST" && !request.headers.has("idempotency-key")) {
      request.headers.set("idempotency-key", randomUUID());
    }
    for (let attempt = 1; ; attempt++) {
      request.headers.set("x-api-key", await apiKey());
      const answer = await attemptOf(request.clone());
      const waitMs = attempt < attempts ? waitBefore(answer, attempt, options) : undefined;
      if (waitMs === undefined) return answered(answer);
      if (answer instanceof Response) await answer.body?.cancel();
      await delay(waitMs, undefined, { signal: request.signal });
    }
  };
}

/** An answer, or why there is none. */
async function attemptOf(request: Request): Promise<Response | Error> {
  try {
    return await fetch(request);
  } catch (error) {
    request.signal.throwIfAborted();
    return error as Error;
  }
}

function answered(answer: Response | Error): Response {
  if (answer instanceof Error) throw answer;
  return answer;
}

/** How long to wait before the next attempt; undefined when the answer is final. */
function waitBefore(answer: Response | Error, attempt: number, options: RetryOptions): number | undefined {
  const { backoffMs = 1000, longestWaitMs = 30_000 } = options;
  const backedOffMs = backoffMs * 2 ** (attempt - 1) * (0.75 + Math.random() / 2);
  if (answer instanceof Error) return backedOffMs;
  if (!repeatable.includes(answer.status)) return undefined;
  const header = answer.headers.get("retry-after");
  const askedMs = header === null ? Number.NaN : Number(header) * 1000;
  const waitMs = Number.isNaN(askedMs) ? backedOffMs : askedMs;
  return waitMs <= longestWaitMs ? waitMs : undefined;
}
