import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { UserError } from "../errors.ts";

/**
 * Runs `work` while no other process holds the lock on `file`.
 *
 * The kernel's file lock is held by a child that lives on our open pipe, so it is free again at once when this
 * process dies, whatever way it dies. `onWait` is called when another process has the lock.
 */
export async function withLock<T>(
  file: string,
  work: () => Promise<T>,
  options: { signal?: AbortSignal; onWait?: () => void } = {},
): Promise<T> {
  await mkdir(dirname(file), { recursive: true });
  const release = await acquire(file, options);
  try {
    return await work();
  } finally {
    await release();
  }
}

/** How long the lock may take before the wait is told: a free one takes some milliseconds. */
const waitShownAfterMs = 1000;

async function acquire(file: string, options: { signal?: AbortSignal; onWait?: () => void }) {
  const holder = spawn("flock", ["--exclusive", "--no-fork", file, "sh", "-c", "echo held; exec cat"], {
    stdio: ["pipe", "pipe", "ignore"],
    detached: true, // Ctrl-C goes to the whole foreground group; the lock has to outlive it
  });
  const exited = once(holder, "exit").catch((): never => {
    throw new UserError("`flock` (package util-linux) is needed and not installed.");
  });
  const timer = setTimeout(() => options.onWait?.(), waitShownAfterMs);
  try {
    await Promise.race([
      once(holder.stdout, "data", { signal: options.signal }),
      exited.then(() => Promise.reject(new Error(`could not lock ${file}`))),
    ]);
  } catch (error) {
    holder.kill();
    options.signal?.throwIfAborted();
    throw error;
  } finally {
    clearTimeout(timer);
  }
  return async () => {
    holder.stdin.end();
    await exited;
  };
}
