import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { poolName, type Stage } from "../setup/stage.ts";

const dwellMs = 2_000;

/**
 * Lets claims arrive at these times, in milliseconds from now; each runtime is ended 2 s after it was given.
 * @param over - lets no more arrive once it is aborted. Default: all do.
 * @returns the time from each arrival to its answer, Infinity when that was no runtime.
 */
export async function arrive(
  stage: Stage,
  arrivals: Iterable<number>,
  over?: AbortSignal,
): Promise<number[]> {
  const startMs = performance.now();
  const lives: Promise<number>[] = [];
  for (const atMs of arrivals) {
    const arrivalMs = startMs + atMs;
    await delay(Math.max(0, arrivalMs - performance.now()));
    stage.signal.throwIfAborted();
    if (over?.aborted) break;
    lives.push(liveOnce(stage, arrivalMs));
  }
  return Promise.all(lives);
}

async function liveOnce({ claims, history }: Stage, arrivalMs: number): Promise<number> {
  const key = randomUUID();
  const { podName } = await claims.claim({ pool: poolName, user: `user-${key}`, key });
  const durationMs = performance.now() - arrivalMs;
  if (podName === undefined) return Infinity;
  history.answered(podName, key);
  await delay(dwellMs);
  await claims.end(podName);
  return durationMs;
}
