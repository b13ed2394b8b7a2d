import type { Clock } from "@datalayer/shared/clock/clock";
import type { Controller } from "@datalayer/shared/controller/controller";
import type { Registry } from "prom-client";
import type { Caches } from "./caches.ts";
import { cloudSettingsOf } from "./cloud-settings.ts";
import type { RuntimeControllerSettings } from "./config.ts";
import { nodeScalingController } from "./node-scaling/controller.ts";
import { executorOf } from "./node-scaling/executors/executor-of.ts";
import { scalingMetrics } from "./node-scaling/metrics.ts";
import type { Runtimes } from "./runtime/runtimes.ts";
import { scalingKeysOf, scalingLimitsOf } from "./scaling-settings.ts";

/** The controller that adds and removes nodes, with the settings of the process. */
export function scalingControllerOf(options: {
  caches: Caches;
  runtimes: Runtimes;
  settings: RuntimeControllerSettings;
  clock: Clock;
  registry: Registry;
}): Controller {
  const { caches, runtimes, settings, clock, registry } = options;
  return nodeScalingController({
    ...caches,
    runtimes,
    executor: executorOf(cloudSettingsOf(settings), caches.nodes),
    limits: scalingLimitsOf(settings),
    keys: scalingKeysOf(settings),
    everyMs: settings.scalingTickSeconds * 1000,
    namespaces: settings.namespaces,
    metrics: scalingMetrics(registry),
    clock,
  });
}
