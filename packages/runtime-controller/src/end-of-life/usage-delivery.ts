import { backoffMs } from "@datalayer/shared/clock/backoff";
import type { Controller } from "@datalayer/shared/controller/controller";
import { singleton, type TickContext } from "@datalayer/shared/controller/singleton";
import type { Registry } from "prom-client";
import type { UsageCursor } from "./usage-cursor.ts";
import type { UsageLedger } from "./usage-ledger.ts";
import { deliveryMetrics } from "./usage-delivery-metrics.ts";
import { sendUsage, SinkError, type UsageSink } from "./usage-sink.ts";

/** What is delivered, and where. */
export interface UsageDeliveryOptions {
  ledger: Pick<UsageLedger, "page">;
  cursor: UsageCursor;
  sink: UsageSink;
  registry: Registry;
}

const everyMs = 1_000;
const turnMs = 30_000;
const backoff = { firstMs: 2_000, longestMs: 300_000 };

/**
 * Delivers every usage record to the sink, one by one in the order of recording, at least once.
 *
 * A record is sent until the sink takes it; only then is the cursor moved, and the next one sent. So a crash
 * repeats one record at most, which the sink knows by its id.
 */
export function usageDelivery(options: UsageDeliveryOptions): Controller {
  const { ledger, cursor, registry } = options;
  const deliveries = deliveryMetrics(registry, () => undelivered(ledger, cursor));
  let failures = 0;
  let notBeforeMs = 0;
  return singleton({
    name: "usage-delivery",
    everyMs,
    tick: async (context) => {
      const { clock, log, signal } = context;
      if (clock.monotonicMs() < notBeforeMs) return;
      try {
        await deliverWaiting(options, context, () => {
          failures = 0;
          deliveries.inc({ result: "delivered" });
        });
      } catch (error) {
        if (signal.aborted) throw error;
        deliveries.inc({ result: "failed" });
        const askedMs = error instanceof SinkError ? error.retryAfterMs : 0;
        const waitMs = Math.max(askedMs, backoffMs(++failures, backoff, Math.random));
        notBeforeMs = clock.monotonicMs() + waitMs;
        log.warn("usage is not delivered", { error, failures, retryAfterMs: Math.round(waitMs) });
      }
    },
  });
}

async function deliverWaiting(
  { ledger, cursor, sink }: UsageDeliveryOptions,
  { clock, kube, signal }: TickContext,
  onDelivered: () => void,
): Promise<void> {
  const endMs = clock.monotonicMs() + turnMs;
  while (clock.monotonicMs() < endMs) {
    const [next] = ledger.page(cursor.delivered, { limit: 1 }).records;
    if (!next) return;
    await sendUsage(sink, next.record, signal);
    onDelivered();
    await cursor.advance(next.sequence, kube);
  }
}

function undelivered(ledger: Pick<UsageLedger, "page">, cursor: UsageCursor): number {
  return ledger.page(cursor.delivered, { limit: Infinity }).records.length;
}
