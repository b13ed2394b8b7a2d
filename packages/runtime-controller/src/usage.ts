import type { Clock } from "@datalayer/shared/clock/clock";
import type { Logger } from "@datalayer/shared/log/logger";
import type { Registry } from "prom-client";
import type { Caches } from "./caches.ts";
import type { RuntimeControllerSettings } from "./config.ts";
import { UsageLedger } from "./end-of-life/usage-ledger.ts";
import type { UsageRecord } from "./end-of-life/usage-record.ts";
import { usageRecorder } from "./end-of-life/usage-recorder.ts";

/** Where the usage of runtimes is kept, and who is told of it. */
export interface UsageParts {
  ledger: UsageLedger;
  tellUsage: (usage: UsageRecord) => void;
}

/** Makes what keeps usage. */
export function createUsage(options: {
  caches: Caches;
  settings: RuntimeControllerSettings;
  clock: Clock;
  log: Logger;
  registry: Registry;
}): UsageParts {
  const { caches, settings, clock, log, registry } = options;
  const ledger = new UsageLedger({
    configMaps: caches.usage,
    namespace: settings.podNamespace,
    keptRecords: settings.usageRecordsKept,
    delivered: () => Infinity,
    clock,
  });
  return { ledger, tellUsage: usageRecorder(log, registry) };
}
