import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { tempDir } from "../testkit/temp-dir.ts";
import { identify, isRunning } from "./identity.ts";
import { ClusterState } from "./state.ts";
import { instanceVariable, killMarked, stopComponent } from "./stop.ts";
import { Supervisor } from "./supervisor.ts";

describe("a supervisor", () => {
  let state: ClusterState;
  let supervisor: Supervisor;
  beforeEach(async () => {
    state = new ClusterState(join(await tempDir(), "c"));
    supervisor = new Supervisor({ state, instance: state.dir, detached: true });
  });

  const shell = (script: string) => ({ name: "part", command: "/bin/sh", args: ["-c", script] });

  it("waits until the component works and keeps its log", async () => {
    const ready = async () => (await readFile(state.logPath("part"), "utf8")).includes("open");
    const part = await supervisor.start({ ...shell("echo open; exec sleep 600"), ready });
    expect(await state.readComponents()).toEqual([part.record]);
    await part.stop();
    expect(await part.exited).toBe("signal SIGTERM");
  });

  it("shows the log of a component that ends before it works", async () => {
    const start = supervisor.start({
      ...shell("echo port taken; exit 3"),
      ready: () => Promise.resolve(false),
    });
    await expect(start).rejects.toThrow(/part ended \(exit code 3\).*port taken/s);
  });

  it("gives up on a component that does not work in time, and ends it", async () => {
    const ready = () => Promise.reject(new Error("not yet"));
    const start = supervisor.start({ ...shell("echo thinking; exec sleep 600"), ready, readyTimeoutMs: 100 });
    await expect(start).rejects.toThrow(/part was not ready after 0.1 s.*thinking/s);
    const [record] = await state.readComponents();
    expect(await isRunning(record!.process)).toBe(false);
  });

  it("names a program that cannot be run", async () => {
    const start = supervisor.start({ name: "part", command: "/no/such/program", args: [] });
    await expect(start).rejects.toThrow("part did not start (spawn /no/such/program ENOENT)");
  });

  it("kills a component that ignores the polite request, with what it started", async () => {
    const ready = async () => (await readFile(state.logPath("part"), "utf8")).includes("\n");
    const part = await supervisor.start({
      ...shell("trap '' TERM; sleep 600 & echo $!; while :; do wait; done"),
      ready,
    });
    const childPid = Number(await readFile(state.logPath("part"), "utf8"));
    await part.stop();
    expect(await part.exited).toBe("signal SIGKILL");
    await expect.poll(() => identify(childPid)).toBeUndefined();
  }, 15_000);

  it("leaves a process alone that has the number of a component of an earlier time", async () => {
    const env = { [instanceVariable]: "here" };
    const bystander = spawn("sleep", ["600"], { detached: true, env });
    await once(bystander, "spawn");
    const identity = (await identify(bystander.pid!))!;
    const record = { name: "part", instance: "here", logPath: "", graceful: false, startedAt: 0 };
    await stopComponent({ ...record, process: { ...identity, startTicks: identity.startTicks - 1 } });
    await stopComponent({ ...record, instance: "there", process: identity });
    expect(await isRunning(identity)).toBe(true);
    await stopComponent({ ...record, process: identity });
    expect(await isRunning(identity)).toBe(false);
  });

  it("finds processes of the cluster that left the group of their component", async () => {
    const ready = async () => (await readFile(state.logPath("part"), "utf8")).includes("\n");
    const part = await supervisor.start({
      ...shell("setsid sh -c 'echo $$; exec sleep 600' & exec sleep 600"),
      ready,
    });
    const strayPid = Number(await readFile(state.logPath("part"), "utf8"));
    await part.stop();
    await killMarked("another");
    expect(await identify(strayPid)).toBeDefined();
    await killMarked(state.dir);
    expect(await identify(strayPid)).toBeUndefined();
  });
});
