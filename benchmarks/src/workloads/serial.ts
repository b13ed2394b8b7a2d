import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { median, round, type Summary, summarise } from "../measure/summary.ts";
import type { RawPods } from "../setup/raw-pods.ts";
import { createRawPods, fill, poolName, type Stage } from "../setup/stage.ts";

/** Claims one after the other, beside raw patches of the same minute. */
export interface SerialFigures {
  raw: Summary;
  claim: Summary;
  ratioP50: number;
  /** Raw patches by 16 callers, each without a pause. */
  raw16: Summary & { perSecond: number };
}

const poolSize = 50;
const callers = 16;
/** Refill and the end of the runtime go on meanwhile, but do not pile up. */
const pauseMs = 60;

/** Takes a raw patch and a claim in turn, so that both meet the same noise; which comes first changes each time. */
export async function measureSerial(stage: Stage): Promise<SerialFigures> {
  const pairs = stage.options.quick ? 20 : 300;
  await fill(stage, poolSize);
  const raw = await createRawPods(stage, { count: callers * 4, connections: callers });
  await raw.warmUp(callers);
  const rawMs: number[] = [];
  const claimMs: number[] = [];
  const steps = [
    async () => void rawMs.push(await rawPatch(raw)),
    async () => void claimMs.push(await claimAndEnd(stage)),
  ];
  await stage.progress.task(`${pairs} raw patches and claims in turn`, async (note) => {
    // The first few find cold caches everywhere.
    for (let pair = -10; pair < pairs; pair++) {
      if (pair === 0) [rawMs, claimMs].forEach((durations) => (durations.length = 0));
      for (const step of pair % 2 === 0 ? steps : steps.toReversed()) await step();
      stage.signal.throwIfAborted();
      note(`${Math.max(0, pair)} of ${pairs}`);
    }
  });
  const raw16 = await rawAtOnce(raw, stage.options.quick ? 64 : 960);
  return {
    raw: summarise(rawMs),
    claim: summarise(claimMs),
    ratioP50: round(median(claimMs) / median(rawMs)),
    raw16,
  };
}

async function rawPatch(raw: RawPods): Promise<number> {
  const durationMs = await raw.patch();
  await raw.reset();
  await delay(pauseMs);
  return durationMs;
}

async function claimAndEnd({ claims, history }: Stage): Promise<number> {
  const key = randomUUID();
  const { status, podName, durationMs } = await claims.claim({ pool: poolName, user: `user-${key}`, key });
  if (podName === undefined) throw new Error(`a serial claim was refused with status ${status}`);
  history.answered(podName, key);
  await delay(pauseMs / 2);
  await claims.end(podName);
  await delay(pauseMs / 2);
  return durationMs;
}

/** Patches in rounds, because a patched Pod has to be reset before the next. */
async function rawAtOnce(raw: RawPods, total: number): Promise<SerialFigures["raw16"]> {
  const durationsMs: number[] = [];
  const perRound = callers * 4;
  let busyMs = 0;
  for (let done = 0; done < total; done += perRound) {
    const startMs = performance.now();
    await Promise.all(
      Array.from({ length: callers }, async () => {
        for (let patch = 0; patch < perRound / callers; patch++) durationsMs.push(await raw.patch());
      }),
    );
    busyMs += performance.now() - startMs;
    await raw.reset();
  }
  return { ...summarise(durationsMs), perSecond: round((durationsMs.length / busyMs) * 1000) };
}
