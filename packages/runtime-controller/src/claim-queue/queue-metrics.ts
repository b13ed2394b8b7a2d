import { CLAIM_BUCKETS_SECONDS } from "@datalayer/shared/metrics/buckets";
import { Gauge, Histogram, type Registry } from "prom-client";

/** What is measured of the queue. */
export interface QueueMetrics {
  /** Claims that wait on this replica. */
  depth: Gauge;
  /** Seconds that claims waited, by result: `served`, or the refusal. */
  waited: Histogram<"result">;
}

/** The metrics of the queue, on a registry. */
export function queueMetrics(registry: Registry): QueueMetrics {
  const registers = [registry];
  return {
    depth: new Gauge({
      name: "datalayer_claim_queue_depth",
      help: "Claims that wait for a runtime on this replica",
      registers,
    }),
    waited: new Histogram({
      name: "datalayer_claim_queue_waited_seconds",
      help: "Time that claims waited for a runtime",
      labelNames: ["result"],
      buckets: [...CLAIM_BUCKETS_SECONDS, 60, 120, 300],
      registers,
    }),
  };
}
