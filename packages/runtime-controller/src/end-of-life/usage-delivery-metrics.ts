import { Counter, Gauge, type Registry } from "prom-client";

/** Registers the metrics of the delivery of usage. @param waiting - counts the records that are not delivered yet. */
export function deliveryMetrics(registry: Registry, waiting: () => number): Counter<"result"> {
  const registers = [registry];
  new Gauge({
    name: "datalayer_usage_undelivered",
    help: "Usage records that the sink has not taken yet",
    registers,
    collect() {
      this.set(waiting());
    },
  });
  return new Counter({
    name: "datalayer_usage_deliveries_total",
    help: "Attempts to deliver a usage record to the sink, by result: delivered or failed",
    labelNames: ["result"],
    registers,
  });
}
