import { setTimeout as pause } from "node:timers/promises";
import type { Cluster } from "../cluster/cluster.ts";
import { CommandError } from "../command/command-error.ts";
import { exitCode } from "../command/exit-code.ts";
import { gatherOperator } from "../observe/operator.ts";
import { readLog } from "../observe/pod-log.ts";
import type { Problem } from "../observe/pod-problem.ts";
import { describeWorkloads, type Workload } from "../observe/workload.ts";
import { age } from "../terminal/age.ts";
import { type BoardItem, openBoard } from "../terminal/board.ts";
import type { Terminal } from "../terminal/terminal.ts";

/** How to wait. */
export interface WaitOptions {
  release: string;
  timeoutMs: number;
  terminal: Terminal;
  signal: AbortSignal;
}

const POLL_MS = 500;
const LOG_LINES = 10;

/**
 * Waits until every process of a release is ready, and shows meanwhile what is not and why.
 *
 * @throws CommandError (timed out) that names what is in the way, with its last log lines.
 */
export async function waitUntilReady(cluster: Cluster, options: WaitOptions): Promise<Workload[]> {
  const { release, timeoutMs, terminal, signal } = options;
  const deadlineMs = performance.now() + timeoutMs;
  const board = await openBoard(terminal);
  try {
    for (;;) {
      const workloads = describeWorkloads(await gatherOperator(cluster, release));
      board.show(workloads.map(boardItem));
      if (workloads.every(({ isReady }) => isReady)) return workloads;
      if (performance.now() > deadlineMs) throw await timedOut(cluster, workloads, options);
      await pause(POLL_MS, undefined, { signal });
    }
  } finally {
    board.close();
  }
}

/** A process as a line of the tree. */
function boardItem({ component, ready, desired, isReady, problems }: Workload): BoardItem {
  return {
    title: `${component} ${ready}/${desired} ready`,
    isDone: isReady,
    details: problems.map(describeProblem),
  };
}

/** `Pod x, container y: CrashLoopBackOff: it ended with exit code 1`. */
function describeProblem({ object, container, reason, message }: Problem): string {
  const where = container === undefined ? object : `${object}, container ${container}`;
  return `${where}: ${reason}${message === "" ? "" : `: ${message}`}`;
}

/** What does not pass by itself is more likely in the way than what is merely slow. */
function blockerOf(workloads: readonly Workload[]): { workload: Workload; problem?: Problem } | undefined {
  const late = workloads.filter(({ isReady }) => !isReady);
  const all = late.flatMap((workload) => workload.problems.map((problem) => ({ workload, problem })));
  const [first] = late;
  return all.find(({ problem }) => !problem.isStarting) ?? all[0] ?? (first && { workload: first });
}

async function timedOut(
  cluster: Cluster,
  workloads: readonly Workload[],
  { release, timeoutMs }: WaitOptions,
): Promise<CommandError> {
  const blocker = blockerOf(workloads);
  const problem = blocker?.problem;
  const what = problem
    ? describeProblem(problem)
    : `${blocker?.workload.component ?? "the release"} is not ready`;
  const lines = problem ? await lastLines(cluster, problem) : [];
  const log = lines.map((line) => `\n    ${line}`).join("");
  const { namespace } = cluster;
  return new CommandError(`not ready after ${age(timeoutMs)}: ${what}${log}`, {
    exitCode: exitCode.timedOut,
    next: [
      ...(problem
        ? [`kubectl describe ${problem.object.replace(" ", "/").toLowerCase()} -n ${namespace}`]
        : []),
      `plane logs ${release} --controller ${blocker?.workload.component ?? ""}   # what it says`,
      `plane up ${release}   # again, when that is put right`,
    ],
  });
}

async function lastLines(cluster: Cluster, { object, container, hasCrashed }: Problem): Promise<string[]> {
  const [kind, name = ""] = object.split(" ");
  if (kind !== "Pod" || container === undefined) return [];
  const lines = await readLog(cluster, name, {
    container,
    tailLines: LOG_LINES,
    previous: hasCrashed ?? false,
  });
  return lines.length > 0 || !hasCrashed
    ? lines
    : readLog(cluster, name, { container, tailLines: LOG_LINES });
}
