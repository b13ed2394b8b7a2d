import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { sumOf } from "../measure/exposition.ts";
import { round } from "../measure/summary.ts";
import { createPool, fill, type Stage } from "../setup/stage.ts";

/** What the controller needs to know many Pods. */
export interface MemoryFigures {
  pods: number;
  /** Resident memory when all Pods are available and nothing changes any more. */
  rssMiB: number;
  /** The largest seen while the Pods were created. */
  peakRssMiB: number;
  heapMiB: number;
  fillSeconds: number;
}

const poolCount = 5;
const fillWithinMs = 1_800_000;
const settleWithinMs = 120_000;
const sameTimes = 20;
const mebibyte = 2 ** 20;

/** Fills several pools with this many Pods in all and reads the memory of the controller. */
export async function measureMemory(stage: Stage): Promise<MemoryFigures> {
  const { options, cluster, claims, controller, progress, signal } = stage;
  const perPool = Math.ceil(options.pods / poolCount);
  const names = Array.from({ length: poolCount }, (_, index) => `bench-many-${index}`);
  await fill(stage, 0);
  const startMs = performance.now();
  let peakRssMiB = 0;
  for (const name of names) await createPool(cluster.admin, name, perPool);
  await progress.task(`${perPool * poolCount} Pods in ${poolCount} pools`, async (note) => {
    const filled = async (): Promise<boolean> => {
      const counts = await claims.counts();
      const available = names.map((name) => counts.get(name)?.available ?? 0);
      note(`${available.reduce((sum, one) => sum + one, 0)} are available`);
      peakRssMiB = Math.max(peakRssMiB, (await memoryOf(controller)).rssMiB);
      return signal.aborted || available.every((one) => one === perPool);
    };
    await eventually(filled, { timeoutMs: fillWithinMs, intervalMs: 1_000, message: "all pools to be full" });
    signal.throwIfAborted();
  });
  const fillSeconds = round((performance.now() - startMs) / 1000);
  const settled = await progress.task("memory at rest", () => atRest(stage));
  return { pods: perPool * poolCount, ...settled, peakRssMiB: round(peakRssMiB), fillSeconds };
}

/** Waits until the resident memory has been the same, to a MiB, many times in a row: all that the rush began is done. */
async function atRest({ controller }: Stage): Promise<{ rssMiB: number; heapMiB: number }> {
  let last = await memoryOf(controller);
  let same = 0;
  const done = async () => {
    const now = await memoryOf(controller);
    same = Math.abs(now.rssMiB - last.rssMiB) < 1 ? same + 1 : 0;
    last = now;
    return same >= sameTimes && now;
  };
  const waiting = { timeoutMs: settleWithinMs, intervalMs: 1_000, message: "the memory to be at rest" };
  const { rssMiB, heapMiB } = await eventually(done, waiting);
  return { rssMiB: round(rssMiB), heapMiB: round(heapMiB) };
}

async function memoryOf(controller: Stage["controller"]): Promise<{ rssMiB: number; heapMiB: number }> {
  const samples = await controller.metrics();
  return {
    rssMiB: sumOf(samples, "process_resident_memory_bytes") / mebibyte,
    heapMiB: sumOf(samples, "nodejs_heap_size_used_bytes") / mebibyte,
  };
}
