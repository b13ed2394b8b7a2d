import { readdir } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { identify, isRunning, startEnvironment, type ProcessIdentity } from "./identity.ts";
import type { ComponentRecord } from "./state.ts";
import { signalIgnoringFailure } from "./undo.ts";

/** The environment variable by which every process of a cluster, and what it starts, is known. */
export const instanceVariable = "DEVCLUSTER_INSTANCE";

/** How long a component gets to end by itself. */
const graceMs = 5000;

/**
 * Ends one recorded component with its process group: SIGTERM if it is graceful, and after 5 s SIGKILL. Does
 * nothing when that very process is gone, even if another one has its number now.
 */
export async function stopComponent(record: ComponentRecord): Promise<void> {
  if (!(await isComponent(record))) {
    return;
  }
  // A negative number addresses the group; each component leads its own.
  if (record.graceful) {
    signalIgnoringFailure(-record.process.pid, "SIGTERM");
    if (await waitUntilGone([record.process], graceMs)) {
      return;
    }
  }
  signalIgnoringFailure(-record.process.pid, "SIGKILL");
  await waitUntilGone([record.process], graceMs);
}

/**
 * Whether the recorded process still runs. Beside its start time it has to carry the mark of its cluster, which
 * stays when a program runs another in its place, as wrapper scripts do.
 */
export async function isComponent(record: ComponentRecord): Promise<boolean> {
  return (await isRunning(record.process)) && (await isMarked(record.process.pid, record.instance));
}

async function isMarked(pid: number, instance: string): Promise<boolean> {
  return (await startEnvironment(pid)).includes(`${instanceVariable}=${instance}`);
}

/** Kills whatever still carries the cluster's mark: processes that a component started, or that no record tells of. */
export async function killMarked(instance: string): Promise<void> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const marked: ProcessIdentity[] = [];
  for (const pid of pids.filter((number) => number !== process.pid)) {
    const identity = await identify(pid);
    if (identity !== undefined && (await isMarked(pid, instance))) {
      marked.push(identity);
      signalIgnoringFailure(pid, "SIGKILL");
    }
  }
  await waitUntilGone(marked, graceMs);
}

async function waitUntilGone(processes: readonly ProcessIdentity[], timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (performance.now() < deadline) {
    const running = await Promise.all(processes.map(isRunning));
    if (!running.includes(true)) {
      return true;
    }
    await delay(20);
  }
  return false;
}
