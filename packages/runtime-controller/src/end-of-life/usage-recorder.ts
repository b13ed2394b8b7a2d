import type { Logger } from "@datalayer/shared/log/logger";
import { Counter, type Registry } from "prom-client";
import type { UsageRecord } from "./usage-record.ts";

/** Says usage as a log line and in `datalayer_runtime_*` metrics. */
export function usageRecorder(log: Logger, registry: Registry): (usage: UsageRecord) => void {
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
  const ended = new Counter({
    name: "datalayer_runtime_ended_total",
    help: "Runtimes that users had and that have ended, by reason",
    labelNames: [...labelNames, "reason"],
    registers,
  });
  return (usage) => {
    const of = { environment: usage.environment_name, pool: usage.pool_name };
    seconds.inc(of, usage.seconds);
    credits.inc(of, usage.credits);
    ended.inc({ ...of, reason: usage.reason });
    log.info("a runtime has ended", { usage });
  };
}
