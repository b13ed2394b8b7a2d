import { setImmediate } from "node:timers/promises";
import type { ControllerMetrics } from "./metrics.ts";
import type { Outcome } from "./outcome.ts";
import type { WorkQueue } from "./queue.ts";

/** What becomes of a key after one run. */
export type Verdict =
  | { result: "success" }
  | { result: "requeue_after"; afterMs: number }
  /** Overtaken by a change: again after a back-off, but nothing is wrong. */
  | { result: "requeue" }
  | { result: "error" };

/** Runs one key; never throws. */
export type ProcessKey = (key: string) => Promise<Verdict>;

/** The verdict on a complete reconcile. */
export function verdictOn(outcome: Outcome): Verdict {
  switch (outcome.kind) {
    case "settled":
      return outcome.recheckAfterMs === undefined
        ? { result: "success" }
        : { result: "requeue_after", afterMs: outcome.recheckAfterMs };
    case "waiting":
      return { result: "requeue_after", afterMs: outcome.retryAfterMs };
    case "stalled":
      return { result: "success" };
  }
}

/** How a queue is worked off. */
export interface WorkersOptions {
  name: string;
  queue: WorkQueue;
  count: number;
  process: ProcessKey;
  /** Ends the taking of keys. */
  stop: AbortSignal;
  metrics?: ControllerMetrics | undefined;
}

/** Works off a queue until `stop`; resolves when no key is being worked on. Shuts the queue down. */
export async function runWorkers(options: WorkersOptions): Promise<void> {
  const { name, queue, count, stop, metrics } = options;
  metrics?.workers(name, count);
  metrics?.trackQueue(name, queue);
  await Promise.all(Array.from({ length: count }, () => work(options)));
  if (stop.aborted) await queue.shutdown();
}

async function work({ name, queue, process, stop, metrics }: WorkersOptions): Promise<void> {
  for (let key = await queue.take(stop); key !== undefined; key = await queue.take(stop)) {
    // A watch event wakes claims and reconciles at once: whoever waits for an answer gets it before.
    await setImmediate();
    const ended = metrics?.started(name);
    const verdict = await process(key);
    ended?.(verdict.result);
    requeue(queue, key, verdict);
    queue.done(key);
  }
}

function requeue(queue: WorkQueue, key: string, verdict: Verdict): void {
  switch (verdict.result) {
    case "success":
      queue.forget(key);
      return;
    case "requeue_after":
      queue.forget(key);
      // At least a millisecond: a mistaken 0 would spin.
      queue.add(key, { afterMs: Math.max(1, verdict.afterMs) });
      return;
    case "requeue":
    case "error":
      queue.retry(key);
  }
}
