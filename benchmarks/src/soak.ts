import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { type BenchContext, withCluster } from "./claims.ts";
import { AssignmentHistory } from "./measure/assignment-history.ts";
import { summarise } from "./measure/summary.ts";
import { buildController } from "@datalayer/tools/start/controller";
import { Replicas } from "./setup/replicas.ts";
import { follow, poolName } from "./setup/stage.ts";

const callers = 16;
const poolSize = 100;
const dwellMs = 200;
const retryMs = 100;
const answerWithinMs = 120_000;
/** A runtime that a killed replica left over is ended 10 s after its claim. */
const settleWithinMs = 120_000;

/** What the callers of a soak share. */
interface Soak extends BenchContext {
  replicas: Replicas;
  history: AssignmentHistory;
}

/**
 * Claims from two replicas while one of them is killed every few seconds, and looks for runtimes that two
 * callers got or that nobody has. A caller without an answer asks the other replica, with the same key.
 */
export async function soak(context: BenchContext): Promise<Record<string, unknown>> {
  await context.progress.task("controller bundle", buildController);
  return withCluster(context, async ({ admin, controllerKubeconfig }) => {
    const history = new AssignmentHistory();
    const { isComplete, stop } = await follow(admin, history);
    const replicas = new Replicas(controllerKubeconfig);
    try {
      await replicas.start();
      await replicas.client(0).resize(poolName, poolSize);
      const figures = await claimWhileKilling({ ...context, replicas, history });
      await context.progress.task("every runtime ends", () => allEnded(history));
      return {
        ...history.findings(),
        leaks: history.leaks(),
        unendedPods: history.assigned,
        ...figures,
        historyComplete: isComplete(),
      };
    } finally {
      stop();
      await replicas.stop();
    }
  });
}

async function claimWhileKilling(soak: Soak): Promise<Record<string, unknown>> {
  const { replicas, progress, options, signal } = soak;
  const over = new AbortController();
  const killing = replicas.killInTurn(AbortSignal.any([over.signal, signal]));
  const durationsMs: number[] = [];
  const endMs = performance.now() + options.minutes * 60_000;
  let begun = 0;
  const caller = async (note: (text: string) => void): Promise<void> => {
    while (begun++ < options.claims && performance.now() < endMs) {
      signal.throwIfAborted();
      durationsMs.push(await liveOnce(soak));
      note(`${durationsMs.length} claims, ${replicas.kills} kills`);
    }
  };
  const claiming = progress
    .task(`${options.claims} claims while replicas are killed`, (note) =>
      Promise.all(Array.from({ length: callers }, () => caller(note))),
    )
    .finally(() => over.abort());
  // Both are over before the replicas are stopped: one may be starting as the claims fail.
  const ends = await Promise.allSettled([claiming, killing]);
  for (const end of ends) if (end.status === "rejected") throw end.reason;
  return { claims: durationsMs.length, kills: replicas.kills, claimMs: summarise(durationsMs) };
}

/** Gets a runtime, keeps it for a moment and ends it; resolves with the time to the answer. */
async function liveOnce({ replicas, history, signal }: Soak): Promise<number> {
  const key = randomUUID();
  const startMs = performance.now();
  const podName = await persist(signal, async (turn) => {
    const answer = await replicas.client(turn).claim({ pool: poolName, user: `user-${key}`, key });
    return answer.podName;
  });
  const durationMs = performance.now() - startMs;
  history.answered(podName, key);
  await delay(dwellMs);
  let mayBeEnded = false;
  await persist(signal, async (turn) => {
    const unanswered = mayBeEnded;
    mayBeEnded = true;
    const status = await replicas.client(turn).end(podName);
    mayBeEnded = unanswered;
    // A replica that has not seen the claim yet answers 404 as well: then another attempt is due.
    return status === 200 || (status === 404 && mayBeEnded);
  });
  return durationMs;
}

/** Asks one replica after the other until one gives what is wanted; errors are what this is about. */
async function persist<T>(
  signal: AbortSignal,
  attempt: (turn: number) => Promise<T | undefined | false>,
): Promise<T> {
  const deadline = performance.now() + answerWithinMs;
  for (let turn = Math.floor(Math.random() * 2); performance.now() < deadline; turn++) {
    signal.throwIfAborted();
    const result = await attempt(turn).catch(() => undefined);
    if (result !== undefined && result !== false) return result;
    await delay(retryMs);
  }
  throw new Error(`no replica gave a definite answer within ${answerWithinMs / 1000} s`);
}

/** Whatever is assigned after that has leaked; the findings say so. */
async function allEnded(history: AssignmentHistory): Promise<void> {
  const options = { timeoutMs: settleWithinMs, intervalMs: 250 };
  await eventually(() => history.assigned === 0, options).catch(() => undefined);
}
