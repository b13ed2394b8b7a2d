import type { Logger } from "@datalayer/shared/log/logger";
import { Counter, type Registry } from "prom-client";
import type { Usage } from "./usage.ts";

/** Records usage as a log line and in `datalayer_runtime_used_*` metrics. */
export function usageRecorder(log: Logger, registry: Registry): (usage: Usage) => void {
  const registers = [registry];
  const labelNames = ["environment", "pool"] as const;
  const seconds = new Counter({
    name: "datalayer_runtime_used_seconds_total",
    help: "Time that users had runtimes",
    labelNames,
    registers,
  });
  const credits = new Counter({
    name: "datalayer_runtime_used_credits_total",
    help: "Credits that runtimes used",
    labelNames,
    registers,
  });
  return (usage) => {
    const { environment, pool } = usage;
    seconds.inc({ environment, pool }, usage.seconds);
    credits.inc({ environment, pool }, usage.credits);
    log.info("a runtime has ended", { usage });
  };
}
