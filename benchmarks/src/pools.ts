import { availableParallelism, loadavg } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { startFaultProxy } from "@datalayer/devcluster/testkit/fault-proxy";
import { Pod } from "@datalayer/shared/kube/kinds";
import { buildController } from "@datalayer/tools/start/controller";
import { type BenchContext, withCluster } from "./claims.ts";
import { type Sample, sumOf } from "./measure/exposition.ts";
import { round, type Summary, summarise } from "./measure/summary.ts";
import { WarmRuntimes } from "./measure/warm-runtimes.ts";
import { type BenchCluster, namespace } from "./setup/bench-cluster.ts";
import { ControllerProcess, newApiKey } from "./setup/controller-process.ts";
import { createPool } from "./setup/stage.ts";

/** What the parts of this bench share. */
interface ManyPools extends BenchContext {
  cluster: BenchCluster;
  warm: WarmRuntimes;
  /** How every controller of this bench is started. */
  launch: () => Promise<ControllerProcess>;
}

const podsPerPool = 10;
const createdAtOnce = 8;
const fillWithinMs = 3_600_000;
const resyncWithinMs = 300_000;
const mebibyte = 2 ** 20;

/** Keeps many pools of ten runtimes each and measures what standing still, starting anew and replacing cost. */
export async function benchPools(context: BenchContext): Promise<Record<string, unknown>> {
  await context.progress.task("controller bundle", buildController);
  return withCluster(context, async (cluster) => {
    // The proxy counts writes; it costs time, so what is timed is of the controller and not of single requests.
    const proxy = await startFaultProxy(cluster);
    const { kubeconfigYaml: kubeconfig } = await proxy.client("controller", {
      token: cluster.controllerToken,
    });
    const apiKey = newApiKey();
    const launch = () => ControllerProcess.start({ name: "bench-pools", kubeconfig, apiKey });
    const warm = await WarmRuntimes.watch(cluster.admin, namespace);
    const many = { ...context, cluster, warm, launch };
    const first = await launch();
    try {
      const fillSeconds = await fillAll(many);
      const writes = () => proxy.log.writes({ exceptResource: "leases" }).length;
      const steadyWrites = await steady(many, writes);
      const settled = await memoryOf(first);
      await first.stop();
      return { ...(await startAnew(many, writes)), steadyWrites, ...settled, fillSeconds, ...machine() };
    } finally {
      warm.stop();
      await first.stop();
      await proxy.close();
    }
  });
}

async function fillAll({ options, cluster, warm, progress, signal }: ManyPools): Promise<number> {
  const startMs = performance.now();
  const names = Array.from({ length: options.pools }, (_, index) => `many-${index}`);
  const rest = names.values();
  const creator = async (): Promise<void> => {
    for (const name of rest) await createPool(cluster.admin, name, podsPerPool);
  };
  await Promise.all(Array.from({ length: createdAtOnce }, creator));
  const wanted = names.length * podsPerPool;
  await progress.task(`${wanted} Pods in ${names.length} pools`, async (note) => {
    const filled = (): boolean => {
      note(`${warm.count} are available`);
      return signal.aborted || warm.count === wanted;
    };
    await eventually(filled, { timeoutMs: fillWithinMs, intervalMs: 2_000, message: "all pools to be full" });
    signal.throwIfAborted();
  });
  return round((performance.now() - startMs) / 1000);
}

/** Waits until nothing is written any more, then counts what is written all the same. */
async function steady({ options, progress, signal }: ManyPools, writes: () => number): Promise<number> {
  return progress.task(`${options.steadySeconds} s without a change`, async () => {
    let before = -1;
    const calm = (): boolean => {
      const [last, now] = [before, writes()];
      before = now;
      return last === now;
    };
    await eventually(calm, { timeoutMs: resyncWithinMs, intervalMs: 5_000, message: "the last write" });
    await delay(options.steadySeconds * 1000, undefined, { signal });
    return writes() - before;
  });
}

/** A new process finds everything as it should be; then warm Pods are taken away from it. */
async function startAnew(many: ManyPools, writes: () => number): Promise<Record<string, unknown>> {
  const startMs = performance.now();
  const writesBefore = writes();
  const controller = await many.launch();
  try {
    await many.progress.task("full resync", () => everyPoolReconciled(many, controller));
    const resyncMs = round(performance.now() - startMs);
    const resyncWrites = writes() - writesBefore;
    const replace = await many.progress.task("replacements", () => replaceSome(many));
    return { resyncMs, resyncWrites, replaceP99Ms: replace.p99, replace };
  } finally {
    await controller.stop();
  }
}

async function everyPoolReconciled({ options }: ManyPools, controller: ControllerProcess): Promise<void> {
  const controllerName = "runtime-pool";
  const done = async (): Promise<boolean> => {
    const samples = await controller.metrics();
    const waiting = sumOf(samples, "workqueue_depth", { name: controllerName });
    return reconciledIn(samples, controllerName) >= options.pools && waiting === 0;
  };
  await eventually(done, {
    timeoutMs: resyncWithinMs,
    intervalMs: 100,
    message: "every pool to be reconciled",
  });
}

/** A pool that is full looks again when its oldest runtime will be too old. */
function reconciledIn(samples: readonly Sample[], controller: string): number {
  return ["success", "requeue_after"]
    .map((result) => sumOf(samples, "controller_runtime_reconcile_total", { controller, result }))
    .reduce((sum, count) => sum + count, 0);
}

async function replaceSome({ cluster, warm, options, signal }: ManyPools): Promise<Summary> {
  const durationsMs: number[] = [];
  for (const pod of warm.oneOfEachPool(options.replacements)) {
    signal.throwIfAborted();
    const replacement = warm.replacementOf(pod);
    await cluster.admin.delete(Pod, pod.metadata, { uid: pod.metadata.uid });
    durationsMs.push(await replacement);
  }
  return summarise(durationsMs);
}

async function memoryOf(controller: ControllerProcess): Promise<{ rssMiB: number; heapMiB: number }> {
  const samples = await controller.metrics();
  return {
    rssMiB: round(sumOf(samples, "process_resident_memory_bytes") / mebibyte),
    heapMiB: round(sumOf(samples, "nodejs_heap_size_used_bytes") / mebibyte),
  };
}

function machine(): Record<string, unknown> {
  return { cores: availableParallelism(), load: loadavg().map(round) };
}
