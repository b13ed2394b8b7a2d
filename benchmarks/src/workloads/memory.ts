import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { sumOf } from "../measure/exposition.ts";
import { round } from "../measure/summary.ts";
import { createPool, fill, type Stage } from "../setup/stage.ts";

/** What the controller needs to know many Pods. */
export interface MemoryFigures {
  pods: number;
  /** Resident memory when all Pods are available and V8 has collected its garbage. */
  rssMiB: number;
  /** The largest seen while the Pods were created. */
  peakRssMiB: number;
  heapMiB: number;
  fillSeconds: number;
}

const poolCount = 5;
const fillWithinMs = 1_800_000;
const settleWithinMs = 120_000;
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
  const settled = await progress.task("garbage collection", () => collected(stage));
  return { pods: perPool * poolCount, ...settled, peakRssMiB: round(peakRssMiB), fillSeconds };
}

/** Waits for two more full collections by V8 itself: the first one after a rush leaves much to the second. */
async function collected({ controller }: Stage): Promise<{ rssMiB: number; heapMiB: number }> {
  const { collections } = await memoryOf(controller);
  const done = async () => {
    const now = await memoryOf(controller);
    return now.collections >= collections + 2 && now;
  };
  const message = "V8 to collect its garbage";
  const { rssMiB, heapMiB } = await eventually(done, {
    timeoutMs: settleWithinMs,
    intervalMs: 1_000,
    message,
  });
  return { rssMiB: round(rssMiB), heapMiB: round(heapMiB) };
}

async function memoryOf(
  controller: Stage["controller"],
): Promise<{ rssMiB: number; heapMiB: number; collections: number }> {
  const samples = await controller.metrics();
  return {
    rssMiB: sumOf(samples, "process_resident_memory_bytes") / mebibyte,
    heapMiB: sumOf(samples, "nodejs_heap_size_used_bytes") / mebibyte,
    collections: sumOf(samples, "nodejs_gc_duration_seconds_count", { kind: "major" }),
  };
}
