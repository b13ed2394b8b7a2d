import { availableParallelism, loadavg } from "node:os";
import { startCluster } from "@datalayer/devcluster/cluster";
import { applyExample, poolOfExample } from "@datalayer/tools/start/example";
import { runCell } from "@datalayer/tools/start/kernel";
import { type RunningOperator, startOperator } from "@datalayer/tools/start/operator";
import { claimRuntime, endRuntime } from "@datalayer/tools/start/rest";
import { untilWarm } from "@datalayer/tools/start/watching";
import type { BenchContext } from "./claims.ts";
import { round, summarise } from "./measure/summary.ts";

/** Says what the kernel sees of the variable, when kubelet last wrote the files, and what the kernel took to start. */
const cell = `
import os, time
written = os.lstat(os.environ['DATALAYER_CLAIM_DIR'] + '/..data').st_mtime
f"{os.environ.get('BENCH_SECRET', 'none')} {written * 1000} {time.process_time() * 1000}"
`;

/** What is known of one claim; times in milliseconds. */
interface Life {
  claimMs: number;
  /** From the answer to the result of the first cell in a kernel that was started at once. */
  cellMs: number;
  /** From the answer to when kubelet had written the files; below 0 when that was before. */
  filesMs: number;
  /** Processor time that the kernel itself took until its first cell: what the cell cannot come sooner than. */
  kernelCpuMs: number;
}

/**
 * Claims runtimes on a real node, with and without variables in turn, starts a kernel the moment the answer is
 * there, and has its first cell tell what it sees and since when.
 */
export async function benchInjection(context: BenchContext): Promise<Record<string, unknown>> {
  const { options, progress, signal } = context;
  const cluster = await startCluster({
    name: `bench-${process.pid}`,
    nodes: "real",
    traefik: false,
    progress,
    signal,
  });
  try {
    const operator = await startOperator(cluster, progress);
    await applyExample(cluster);
    const lives: Record<"with" | "without", Life[]> = { with: [], without: [] };
    await progress.task(`${options.rounds} rounds`, async (note) => {
      for (let turn = 0; turn < options.rounds; turn++) {
        for (const kind of ["with", "without"] as const) {
          await untilWarm(cluster, poolOfExample, { note: () => undefined, signal });
          lives[kind].push(await liveOnce(operator, { secret: kind === "with", signal }));
        }
        note(`${turn + 1} rounds`);
      }
    });
    return reportOf(lives);
  } finally {
    await progress.task("cluster down", () => cluster.down());
  }
}

async function liveOnce(
  operator: RunningOperator,
  { secret, signal }: { secret: boolean; signal: AbortSignal },
): Promise<Life> {
  const value = `value-${Math.random()}`;
  const fields = secret ? { secrets: [{ name: "BENCH_SECRET", value }] } : {};
  const { runtime, claimMs } = await claimRuntime(operator, signal, fields);
  // The node is this machine, so its clock is ours.
  const answeredMs = Date.now();
  const startedMs = performance.now();
  const seen = await runCell(runtime, cell);
  const cellMs = performance.now() - startedMs;
  await endRuntime(operator, runtime);
  const [variable, writtenAtMs, kernelCpuMs] = seen.replace(/^'|'$/g, "").split(" ");
  if (variable !== (secret ? value : "none")) throw new Error(`a new kernel sees ${seen}, not ${value}`);
  return { claimMs, cellMs, filesMs: Number(writtenAtMs) - answeredMs, kernelCpuMs: Number(kernelCpuMs) };
}

function reportOf(lives: Record<"with" | "without", Life[]>): Record<string, unknown> {
  const of = (kind: "with" | "without", figure: keyof Life) =>
    summarise(lives[kind].map((life) => life[figure]));
  const [visible, plain] = [of("with", "cellMs"), of("without", "cellMs")];
  return {
    visibleP50Ms: visible.p50,
    visibleP99Ms: visible.p99,
    plainP50Ms: plain.p50,
    plainP99Ms: plain.p99,
    ratioP50: round((visible.p50 ?? NaN) / (plain.p50 ?? NaN)),
    cores: availableParallelism(),
    load: loadavg().map(round),
    filesMs: of("with", "filesMs"),
    kernelCpuMs: of("with", "kernelCpuMs"),
    claimMs: { with: of("with", "claimMs"), without: of("without", "claimMs") },
  };
}
