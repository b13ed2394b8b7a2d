import { readdir, readFile, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { run } from "./run.ts";

/**
 * One thing outside the cluster's own folder that has to be undone when the cluster ends. Undoing what is not
 * there is no error: an entry is recorded before the thing is made.
 */
export type Undo =
  /** Everything mounted at or below a folder. */
  | { kind: "mounts"; under: string }
  | { kind: "netns"; name: string }
  /** A network interface, such as a bridge. */
  | { kind: "link"; name: string }
  /** A control group in every hierarchy, with its children and all processes in them. `path` starts with "/". */
  | { kind: "cgroup"; path: string }
  /** A file or folder. */
  | { kind: "path"; path: string }
  /** A command whose failure is ignored, for what has no kind of its own. */
  | { kind: "command"; command: string; args: string[] };

/** Undoes one entry. */
export async function undo(entry: Undo): Promise<void> {
  switch (entry.kind) {
    case "mounts":
      return unmountBelow(entry.under);
    case "netns":
      return runIgnoringFailure("ip", ["netns", "delete", entry.name]);
    case "link":
      return runIgnoringFailure("ip", ["link", "delete", entry.name]);
    case "cgroup":
      return removeCgroup(entry.path);
    case "path":
      return rm(entry.path, { recursive: true, force: true });
    case "command":
      return runIgnoringFailure(entry.command, entry.args);
  }
}

/** The mount points at or below `dir`, deepest and latest first, from the text of /proc/self/mountinfo. */
export function mountsBelow(mountInfo: string, dir: string): string[] {
  const points = mountInfo.split("\n").flatMap((line) => {
    const point = line.split(" ")[4];
    return point === undefined ? [] : [unescapeMountPoint(point)];
  });
  return points.filter((point) => point === dir || point.startsWith(`${dir}/`)).reverse();
}

/** The kernel writes spaces and the like in mount points as `\040`. */
function unescapeMountPoint(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_match, octal: string) => String.fromCharCode(parseInt(octal, 8)));
}

async function unmountBelow(dir: string): Promise<void> {
  for (const point of mountsBelow(await readFile("/proc/self/mountinfo", "utf8"), dir)) {
    // Lazily: a dying process may still have a file open there.
    await runIgnoringFailure("umount", ["--lazy", point]);
  }
}

const cgroupRoot = "/sys/fs/cgroup";

/** Version 2 has one hierarchy at the root, version 1 one per controller below it; a hybrid machine has both. */
async function removeCgroup(path: string): Promise<void> {
  const entries = await readdir(cgroupRoot, { withFileTypes: true });
  const hierarchies = entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(cgroupRoot, entry.name));
  for (const hierarchy of [cgroupRoot, ...hierarchies]) {
    await emptyCgroup(join(hierarchy, path));
  }
}

async function emptyCgroup(dir: string): Promise<void> {
  const entries = await readdir(dir, { withFileTypes: true }).catch(() => []);
  if (entries.length === 0) {
    return; // not in this hierarchy
  }
  for (const child of entries.filter((entry) => entry.isDirectory())) {
    await emptyCgroup(join(dir, child.name));
  }
  const pids = (await readFile(join(dir, "cgroup.procs"), "utf8").catch(() => ""))
    .split("\n")
    .filter(Boolean);
  pids.forEach((pid) => signalIgnoringFailure(Number(pid), "SIGKILL"));
  await removeWhenEmpty(dir);
}

/** A killed process leaves its group some milliseconds later. */
async function removeWhenEmpty(dir: string, attempts = 50): Promise<void> {
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    try {
      await rmdir(dir);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EBUSY") {
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

async function runIgnoringFailure(command: string, args: readonly string[]): Promise<void> {
  await run(command, args).catch(() => undefined);
}

/** Sends a signal; a process that is already gone is no error. */
export function signalIgnoringFailure(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Gone.
  }
}
