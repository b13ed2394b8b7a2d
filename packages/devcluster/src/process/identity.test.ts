import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { identify, identifySelf, isRunning, startEnvironment } from "./identity.ts";

async function sleeper() {
  const child = spawn("sleep", ["600"], { env: { MARK: "a b" } });
  await once(child, "spawn");
  return { child, pid: child.pid! };
}

describe("a process", () => {
  it("is told apart from a later one with its number", async () => {
    const self = await identifySelf();
    expect(await isRunning(self)).toBe(true);
    expect(await isRunning({ ...self, startTicks: self.startTicks - 1 })).toBe(false);
  });

  it("shows the environment it was started with", async () => {
    const { child, pid } = await sleeper();
    expect(await startEnvironment(pid)).toContain("MARK=a b");
    child.kill();
  });

  it("is gone once it has ended, also when nobody has asked for its exit code", async () => {
    const { child, pid } = await sleeper();
    // The shell never waits for its child, so that only the exit code of that one is left.
    const shell = spawn("sh", ["-c", "sleep 0 & echo $!; exec sleep 600"], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    const [output] = (await once(shell.stdout, "data")) as [Buffer];
    const ended = once(child, "exit");
    child.kill();
    await ended;
    expect(await identify(pid)).toBeUndefined();
    await expect.poll(() => identify(Number(output.toString()))).toBeUndefined();
    shell.kill();
  });
});
