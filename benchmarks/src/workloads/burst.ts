import { randomUUID } from "node:crypto";
import { median, round, type Summary, summarise } from "../measure/summary.ts";
import type { RawPods } from "../setup/raw-pods.ts";
import { createRawPods, endAll, fill, poolName, type Stage } from "../setup/stage.ts";

/** Many requests let go at one moment. */
export interface BurstFigures {
  /** From the start until the last answer; the median of the rounds. */
  rawTotalMs: number;
  claimTotalMs: number;
  /** Each request's own time, over all rounds. */
  raw: Summary;
  claim: Summary;
  ratio: number;
  /** Claims that got no runtime. */
  refused: number;
}

/** One round: every request's time, and the time of all. */
interface Round {
  totalMs: number;
  eachMs: number[];
}

/** Claims `size` runtimes at once from a pool that has just as many, beside as many raw patches at once. */
export async function measureBurst(stage: Stage, size: number): Promise<BurstFigures> {
  const rounds = stage.options.quick ? 1 : 5;
  await fill(stage, size);
  const raw = await createRawPods(stage, { count: size, connections: size });
  const rawRounds: Round[] = [];
  const claimRounds: (Round & { refused: number })[] = [];
  for (let round = 0; round < rounds; round++) {
    await stage.progress.task(`burst of ${size}, round ${round + 1} of ${rounds}`, async () => {
      const steps = [
        async () => void rawRounds.push(await rawBurst(raw, size)),
        async () => void claimRounds.push(await claimBurst(stage, size)),
      ];
      for (const step of round % 2 === 0 ? steps : steps.toReversed()) await step();
    });
    stage.signal.throwIfAborted();
  }
  const total = (all: readonly Round[]): number => median(all.map(({ totalMs }) => totalMs));
  const rawTotalMs = total(rawRounds);
  const claimTotalMs = total(claimRounds);
  return {
    rawTotalMs: round(rawTotalMs),
    claimTotalMs: round(claimTotalMs),
    raw: summarise(rawRounds.flatMap(({ eachMs }) => eachMs)),
    claim: summarise(claimRounds.flatMap(({ eachMs }) => eachMs)),
    ratio: round(claimTotalMs / rawTotalMs),
    refused: claimRounds.reduce((sum, { refused }) => sum + refused, 0),
  };
}

async function rawBurst(raw: RawPods, size: number): Promise<Round> {
  await raw.warmUp(size);
  const startMs = performance.now();
  const eachMs = await Promise.all(Array.from({ length: size }, () => raw.patch()));
  const totalMs = performance.now() - startMs;
  await raw.reset();
  return { totalMs, eachMs };
}

async function claimBurst(stage: Stage, size: number): Promise<Round & { refused: number }> {
  const { claims, history } = stage;
  await claims.warmUp(size);
  const startMs = performance.now();
  const answers = await Promise.all(
    Array.from({ length: size }, async () => {
      const key = randomUUID();
      const answer = await claims.claim({ pool: poolName, user: `user-${key}`, key });
      if (answer.podName !== undefined) history.answered(answer.podName, key);
      return answer;
    }),
  );
  const totalMs = performance.now() - startMs;
  const taken = answers.flatMap(({ podName }) => podName ?? []);
  await endAll(stage, taken);
  await fill(stage, size);
  return { totalMs, eachMs: answers.map(({ durationMs }) => durationMs), refused: size - taken.length };
}
