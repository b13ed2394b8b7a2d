import { readFile } from "node:fs/promises";
import { UserError } from "../errors.ts";

/**
 * One process, told apart from every later one that gets the same number: the kernel never starts two with the
 * same number in the same clock tick.
 */
export interface ProcessIdentity {
  pid: number;
  /** Clock ticks since boot, as the kernel counts them. */
  startTicks: number;
}

/** The identity of a running process; undefined when there is none, or only its exit code is left. */
export async function identify(pid: number): Promise<ProcessIdentity | undefined> {
  const stat = await readProcFile(pid, "stat");
  if (stat === undefined) {
    return undefined;
  }
  // The program's name stands in parentheses and may itself contain spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state, startTicks] = [fields[0], fields[19]];
  return state === "Z" || state === "X" ? undefined : { pid, startTicks: Number(startTicks) };
}

/** The identity of this process. Throws a `UserError` where there is no /proc. */
export async function identifySelf(): Promise<ProcessIdentity> {
  const self = await identify(process.pid);
  if (self === undefined) {
    throw new UserError("devcluster starts clusters on Linux only; elsewhere give it one with --kubeconfig.");
  }
  return self;
}

/** Whether that very process still runs. */
export async function isRunning(identity: ProcessIdentity): Promise<boolean> {
  return (await identify(identity.pid))?.startTicks === identity.startTicks;
}

/** The environment that a process was started with; empty when it is gone or belongs to another user. */
export async function startEnvironment(pid: number): Promise<string[]> {
  return ((await readProcFile(pid, "environ")) ?? "").split("\0");
}

async function readProcFile(pid: number, file: string): Promise<string | undefined> {
  try {
    return await readFile(`/proc/${pid}/${file}`, "utf8");
  } catch {
    // Gone, or another user's: either way not one of ours.
    return undefined;
  }
}
