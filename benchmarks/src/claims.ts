import type { Progress } from "@datalayer/devcluster/progress";
import { sumOf } from "./measure/exposition.ts";
import { round } from "./measure/summary.ts";
import type { BenchOptions } from "./options.ts";
import { type LoopLag, type Measurements, reportOf } from "./report.ts";
import { type BenchCluster, startBenchCluster } from "./setup/bench-cluster.ts";
import { buildController } from "@datalayer/tools/start/controller";
import type { ControllerProcess } from "./setup/controller-process.ts";
import { createEnvironment, createPool, type RunningStage, startStage } from "./setup/stage.ts";
import { measureBurst } from "./workloads/burst.ts";
import { measureMemory } from "./workloads/memory.ts";
import { measureRollOut } from "./workloads/roll-out.ts";
import { measureSerial } from "./workloads/serial.ts";
import { measureSustained, searchRate } from "./workloads/sustained.ts";
import { countWrites } from "./workloads/writes.ts";

/** What every bench is run with. */
export interface BenchContext {
  options: BenchOptions;
  progress: Progress;
  signal: AbortSignal;
}

const searchSeconds = 20;

/** Measures claims on a cluster of its own and answers with the report. */
export async function benchClaims(context: BenchContext): Promise<Record<string, unknown>> {
  await context.progress.task("controller bundle", buildController);
  return withCluster(context, async (cluster) => reportOf(await measureAll({ ...context, cluster })));
}

/** Does the work on a new cluster with an empty pool, and takes the cluster down again. */
export async function withCluster<T>(
  { progress, signal }: BenchContext,
  work: (cluster: BenchCluster) => Promise<T>,
): Promise<T> {
  const cluster = await startBenchCluster(progress, signal);
  try {
    await createEnvironment(cluster.admin);
    await createPool(cluster.admin);
    return await work(cluster);
  } finally {
    await progress.task("cluster down", () => cluster.down());
  }
}

async function measureAll(context: BenchContext & { cluster: BenchCluster }): Promise<Measurements> {
  const { only } = context.options;
  const measured: Measurements = { loopLagMs: {} };
  if (only.includes("writes")) measured.writes = await countWrites(context);
  if (only.every((name) => name === "writes")) return measured;
  const stage = await startStage(context);
  try {
    await measureTimes(stage, measured);
    measured.history = { ...stage.history.findings(), historyComplete: stage.isHistoryComplete() };
  } finally {
    await stage.close();
  }
  return measured;
}

async function measureTimes(stage: RunningStage, measured: Measurements): Promise<void> {
  const { options } = stage;
  const { only, quick, ratePerSecond, seconds } = options;
  const withLag = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    await stage.controller.metrics();
    const figures = await work();
    measured.loopLagMs[name] = await lagOf(stage.controller);
    return figures;
  };
  if (only.includes("serial")) measured.serial = await withLag("serial", () => measureSerial(stage));
  if (only.includes("burst")) {
    measured.burst100 = await withLag("burst100", () => measureBurst(stage, 100));
    if (!quick) measured.burst300 = await withLag("burst300", () => measureBurst(stage, 300));
  }
  if (only.includes("sustained")) {
    const sustained = await withLag("sustained", () => measureSustained(stage, { ratePerSecond, seconds }));
    measured.sustained = sustained;
    if (!quick) measured.search = await searchRate(stage, sustained, Math.min(seconds, searchSeconds));
  }
  if (only.includes("rollout")) measured.rollOut = await withLag("rollOut", () => measureRollOut(stage));
  if (only.includes("memory")) measured.memory = await measureMemory(stage);
}

/** The delay of the controller's event loop since its metrics were last read. */
async function lagOf(controller: ControllerProcess): Promise<LoopLag> {
  const samples = await controller.metrics();
  const at = (quantile: string): number =>
    round(sumOf(samples, "datalayer_event_loop_delay_seconds", { quantile }) * 1000);
  return { p99: at("0.99"), max: at("1") };
}
