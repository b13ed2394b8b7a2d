import { availableParallelism, loadavg } from "node:os";
import type { HistoryFindings } from "./measure/assignment-history.ts";
import { round } from "./measure/summary.ts";
import type { BurstFigures } from "./workloads/burst.ts";
import type { MemoryFigures } from "./workloads/memory.ts";
import type { RollOutFigures } from "./workloads/roll-out.ts";
import type { SerialFigures } from "./workloads/serial.ts";
import type { SustainedFigures } from "./workloads/sustained.ts";
import type { WriteFigures } from "./workloads/writes.ts";

/** Delay of the controller's event loop during one workload, in milliseconds. */
export interface LoopLag {
  p99: number;
  max: number;
}

/** Everything that was measured; a workload that was not asked for is absent. */
export interface Measurements {
  writes?: WriteFigures;
  serial?: SerialFigures;
  burst100?: BurstFigures;
  burst300?: BurstFigures;
  sustained?: SustainedFigures;
  search?: { best: SustainedFigures | undefined; tried: SustainedFigures[] };
  rollOut?: RollOutFigures;
  memory?: MemoryFigures;
  loopLagMs: Record<string, LoopLag>;
  history?: HistoryFindings & { historyComplete: boolean };
}

/** The figures as one object: first those that have a target, then all that stands behind them. */
export function reportOf(measured: Measurements): Record<string, unknown> {
  const { search, ...figures } = measured;
  return {
    ...headline(measured),
    cores: availableParallelism(),
    load: loadavg().map(round),
    ...figures,
    searchedRates: search?.tried.map(({ ratePerSecond, p99, refused, held }) => {
      return { ratePerSecond, p99, refused, held };
    }),
  };
}

function headline(measured: Measurements): Record<string, unknown> {
  const { writes, serial, burst100, burst300, memory, loopLagMs, history } = measured;
  const lags = Object.values(loopLagMs).map(({ p99 }) => p99);
  return {
    serialRatioP50: serial?.ratioP50,
    burst100Ratio: burst100?.ratio,
    burst300Ratio: burst300?.ratio,
    ...highestRate(measured),
    writesBeforeAnswer: writes?.writesBeforeAnswer,
    writesPerLife: writes?.writesPerLife,
    allWritesPerLife: writes?.allWritesPerLife,
    ...rollOutOf(measured),
    rssMiB: memory?.rssMiB,
    loopLagP99Ms: lags.length > 0 ? Math.max(...lags) : undefined,
    doubleAssignments: history?.doubleAssignments,
  };
}

function rollOutOf({ rollOut }: Measurements): Record<string, unknown> {
  return rollOut ? { rollOutRefused: rollOut.refused, rollOutLowestAvailable: rollOut.lowestAvailable } : {};
}

/** The highest rate that held; 0 when none did. */
function highestRate({ sustained, search }: Measurements): Record<string, unknown> {
  if (!sustained) return {};
  const best = search?.best ?? (sustained.held ? sustained : undefined);
  return { sustainedPerSecond: best?.ratePerSecond ?? 0, sustainedP99Ms: best?.p99 ?? null };
}
