import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { isTrue } from "@datalayer/shared/controller/conditions";
import { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import { poissonArrivals, seededRandom } from "../measure/arrivals.ts";
import { round } from "../measure/summary.ts";
import { namespace } from "../setup/bench-cluster.ts";
import { fill, poolName, type Stage } from "../setup/stage.ts";
import { arrive } from "./lives.ts";

/** A pool that goes over to another revision while it is claimed from. */
export interface RollOutFigures {
  /** Runtimes of the pool. */
  size: number;
  /** Claims meanwhile, and how many of them got no runtime. */
  claims: number;
  refused: number;
  /** The fewest runtimes that were available at a time; a quarter of the size may be missing. */
  lowestAvailable: number;
  /** The fewest under the same claims just before, when nothing was rolled out. */
  lowestBefore: number;
  seconds: number;
}

const perSecond = 5;
const steadySeconds = 20;
const withinSeconds = 300;

/** Rolls a pool out under five claims a second. */
export async function measureRollOut(stage: Stage): Promise<RollOutFigures> {
  const size = stage.options.quick ? 10 : 50;
  const arrivals = (seconds: number): number[] =>
    poissonArrivals({ perSecond, seconds, random: seededRandom(1) });
  const before = await fromFull(stage, size, `${perSecond} claims a second, no roll-out`, () =>
    arrive(stage, arrivals(steadySeconds)),
  );
  const over = new AbortController();
  const rolled = await fromFull(stage, size, `a roll-out under ${perSecond} claims a second`, async () => {
    const rolling = rollOut(stage).finally(() => over.abort());
    const [durationsMs] = await Promise.all([arrive(stage, arrivals(withinSeconds), over.signal), rolling]);
    return durationsMs;
  });
  return {
    size,
    claims: rolled.durationsMs.length,
    refused: rolled.durationsMs.filter((durationMs) => durationMs === Infinity).length,
    lowestAvailable: rolled.lowest,
    lowestBefore: before.lowest,
    seconds: rolled.seconds,
  };
}

/** Does something to the pool when it is full; answers also with the fewest runtimes that were available meanwhile. */
async function fromFull(stage: Stage, size: number, title: string, work: () => Promise<number[]>) {
  await fill(stage, size);
  stage.stock.takeLowest();
  const startMs = performance.now();
  const durationsMs = await stage.progress.task(title, work);
  const seconds = round((performance.now() - startMs) / 1000);
  return { durationsMs, seconds, lowest: stage.stock.takeLowest() };
}

/** Changes what the runtimes of the pool are made of, and waits until all that are warm are of the new revision. */
async function rollOut({ cluster: { admin }, signal }: Stage): Promise<void> {
  const ref = { namespace, name: poolName };
  const before = await admin.get(RuntimePool, ref);
  const value = { limits: { cpu: "100m", memory: "256Mi" } };
  await admin.patch(RuntimePool, ref, [{ op: "add", path: "/spec/resources", value }]);
  const isOver = async (): Promise<boolean> => {
    const { status } = await admin.get(RuntimePool, ref);
    return (
      signal.aborted ||
      (status?.revision !== before.status?.revision && isTrue(status?.conditions ?? [], "RolledOut"))
    );
  };
  await eventually(isOver, {
    timeoutMs: withinSeconds * 1000,
    intervalMs: 250,
    message: `the roll-out of ${poolName}`,
  });
  signal.throwIfAborted();
}
