import type { Clock } from "@datalayer/shared/clock/clock";
import type { Controller } from "@datalayer/shared/controller/controller";
import type { Logger } from "@datalayer/shared/log/logger";
import type { Registry } from "prom-client";
import type { Caches } from "./caches.ts";
import type { RuntimeControllerSettings } from "./config.ts";
import { UsageCursor } from "./end-of-life/usage-cursor.ts";
import { usageDelivery } from "./end-of-life/usage-delivery.ts";
import { UsageLedger } from "./end-of-life/usage-ledger.ts";
import type { UsageRecord } from "./end-of-life/usage-record.ts";
import { usageRecorder } from "./end-of-life/usage-recorder.ts";

/** Where the usage of runtimes is kept, and who is told of it. */
export interface UsageParts {
  ledger: UsageLedger;
  tellUsage: (usage: UsageRecord) => void;
  /** What runs while this process leads, to deliver it; nothing without a sink. */
  deliveries: Controller[];
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
  const { usageSinkUrl: url, usageSinkKey: key } = settings;
  const cursor = new UsageCursor(caches.usage, settings.podNamespace);
  const ledger = new UsageLedger({
    configMaps: caches.usage,
    namespace: settings.podNamespace,
    keptRecords: settings.usageRecordsKept,
    delivered: () => (url === undefined ? Infinity : cursor.delivered),
    clock,
  });
  const deliveries =
    url === undefined ? [] : [usageDelivery({ ledger, cursor, sink: { url, key }, registry })];
  return { ledger, tellUsage: usageRecorder(log, registry), deliveries };
}
