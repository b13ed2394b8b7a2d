import { Counter, Gauge, type Registry } from "prom-client";

/** How asking for the use of runtimes goes. */
export interface ActivityMetrics {
  asked: Counter<"result">;
}

/** Registers them. @param unanswered - counts the runtimes whose use is not known. */
export function activityMetrics(registry: Registry, unanswered: () => number): ActivityMetrics {
  const registers = [registry];
  new Gauge({
    name: "datalayer_runtime_activity_unknown",
    help: "Runtimes that did not answer when they were last asked for their use; these do not end as idle",
    registers,
    collect() {
      this.set(unanswered());
    },
  });
  return {
    asked: new Counter({
      name: "datalayer_runtime_activity_asked_total",
      help: "Times that a runtime was asked for its use, by result: answered or failed",
      labelNames: ["result"],
      registers,
    }),
  };
}
