import { spawn } from "node:child_process";
import { EventEmitter } from "node:events";
import { Writable } from "node:stream";
import { beforeEach, describe, expect, it } from "vitest";
import { systemClock, type Clock } from "../clock/clock.ts";
import { createLogger } from "../log/logger.ts";
import { Shutdown, type ShutdownPhase } from "./shutdown.ts";

let done: string[];
let exitCodes: number[];
let logged: string;
let events: EventEmitter;

beforeEach(() => {
  done = [];
  exitCodes = [];
  logged = "";
  events = new EventEmitter();
});

function newShutdown(clock: Clock = systemClock): Shutdown {
  const destination = new Writable({
    write(chunk: Buffer, _encoding, next) {
      logged += chunk.toString();
      next();
    },
  });
  const log = createLogger({ name: "test", format: "json", destination });
  const shutdown = new Shutdown({ log, clock, exit: (code) => exitCodes.push(code) });
  shutdown.listen(events);
  return shutdown;
}

function step(phase: ShutdownPhase, run: (signal: AbortSignal) => void | Promise<void> = () => undefined) {
  return {
    phase,
    name: `${phase}-step`,
    deadlineMs: 10_000,
    run: async (signal: AbortSignal) => {
      await run(signal);
      done.push(phase);
    },
  };
}

/** A clock whose every sleep is over at once. */
const hastyClock: Clock = { ...systemClock, sleep: () => Promise.resolve() };

/** Never resolves by itself. */
const forever = () => new Promise<void>(() => undefined);

describe("a shutdown", () => {
  it("runs the phases in order, whatever the order they were added in", async () => {
    const shutdown = newShutdown();
    for (const phase of ["flush", "release", "drain", "unready"] as const) shutdown.add(step(phase));
    await shutdown.begin("test");
    expect(done).toEqual(["unready", "drain", "release", "flush"]);
    expect(exitCodes).toEqual([0]);
  });

  it("finishes a phase before the next begins", async () => {
    const shutdown = newShutdown();
    const drained = Promise.withResolvers<undefined>();
    shutdown.add(step("drain", () => drained.promise));
    shutdown.add(step("release"));
    const ended = shutdown.begin("test");
    await new Promise((resolve) => setImmediate(resolve));
    expect(done).toEqual([]);
    drained.resolve(undefined);
    await ended;
    expect(done).toEqual(["drain", "release"]);
  });

  it("aborts its signal first", async () => {
    const shutdown = newShutdown();
    shutdown.add(step("unready", () => void done.push(String(shutdown.signal.aborted))));
    expect(shutdown.signal.aborted).toBe(false);
    await shutdown.begin("test");
    expect(done).toEqual(["true", "unready"]);
  });

  it("goes on past a step that fails, logs why and exits with 1", async () => {
    const shutdown = newShutdown();
    shutdown.add(step("drain", () => Promise.reject(new Error("the pool is stuck"))));
    shutdown.add(step("release"));
    await shutdown.begin("test");
    expect(done).toEqual(["release"]);
    expect(exitCodes).toEqual([1]);
    expect(logged).toContain("the pool is stuck");
    expect(logged).toContain("drain-step");
  });

  it("goes on past a step that throws at once", async () => {
    const shutdown = newShutdown();
    shutdown.add({ ...step("drain"), run: () => JSON.parse("{") as undefined });
    shutdown.add(step("release"));
    await shutdown.begin("test");
    expect([done, exitCodes]).toEqual([["release"], [1]]);
  });

  it("goes on past a step at its deadline, and tells the step", async () => {
    const shutdown = newShutdown(hastyClock);
    let told: AbortSignal | undefined;
    shutdown.add(
      step("drain", (signal) => {
        told = signal;
        return forever();
      }),
    );
    await shutdown.begin("test");
    expect(told?.aborted).toBe(true);
    expect(exitCodes).toEqual([1]);
    expect(logged).toContain("not done after 10000 ms");
  });

  it("keeps the exit code of its reason", async () => {
    await newShutdown().begin("lease lost", 3);
    expect(exitCodes).toEqual([3]);
  });

  it("happens once", async () => {
    const shutdown = newShutdown();
    shutdown.add(step("drain"));
    await Promise.all([shutdown.begin("one"), shutdown.begin("two", 1)]);
    expect([done, exitCodes]).toEqual([["drain"], [0]]);
  });
});

describe("a process", () => {
  it.each(["SIGTERM", "SIGINT"])("shuts down on %s", async (signal) => {
    newShutdown().add(step("drain"));
    events.emit(signal, signal);
    await expect.poll(() => exitCodes).toEqual([0]);
    expect(done).toEqual(["drain"]);
  });

  it.each([
    ["SIGTERM", 143],
    ["SIGINT", 130],
  ])("exits at once on a second signal, %s", async (signal, code) => {
    newShutdown().add(step("drain", forever));
    events.emit("SIGTERM");
    events.emit(signal);
    await expect.poll(() => exitCodes).toEqual([code]);
  });

  it.each(["uncaughtException", "unhandledRejection"])(
    "logs an %s and exits without steps",
    async (event) => {
      newShutdown().add(step("release"));
      events.emit(event, new Error("nobody caught me"));
      await expect.poll(() => exitCodes).toEqual([1]);
      expect(logged).toContain("nobody caught me");
      expect(done).toEqual([]);
    },
  );

  it("logs the warnings of Node", async () => {
    newShutdown();
    events.emit("warning", new Error("the secret keeps its last good value"));
    await expect.poll(() => logged).toContain("the secret keeps its last good value");
  });

  it("listens no more once told so", () => {
    const stop = newShutdown().listen(events);
    const before = events.listenerCount("SIGTERM");
    stop();
    expect(events.listenerCount("SIGTERM")).toBe(before - 1);
  });
});

describe("a real process", () => {
  /** Runs a program with a shutdown whose one step takes a moment, and tells how it ended. */
  async function run(body: string): Promise<{ code: number | null; log: string }> {
    const module = (path: string) => JSON.stringify(new URL(path, import.meta.url).href);
    const program = `
      import { createLogger } from ${module("../log/logger.ts")};
      import { Shutdown } from ${module("./shutdown.ts")};
      const log = createLogger({ name: "child", format: "json" });
      const shutdown = new Shutdown({ log, exit: process.exit });
      shutdown.add({ phase: "drain", name: "drain", deadlineMs: 5000, run: async () => log.info("drained") });
      shutdown.listen(process);
      setInterval(() => undefined, 1000);
      ${body}`;
    const child = spawn(process.execPath, ["--input-type=module", "--eval", program]);
    let log = "";
    child.stderr.on("data", (chunk: Buffer) => {
      log += chunk.toString();
      if (log.includes("ready")) child.kill("SIGTERM");
    });
    const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
    return { code, log };
  }

  it("drains and exits with 0 on SIGTERM, its last line written", async () => {
    const { code, log } = await run(`log.info("ready");`);
    expect(log).toContain('"message":"drained"');
    expect(code).toBe(0);
  });

  it.each([
    ["an uncaught error", `throw new Error("nobody caught me");`],
    ["an unhandled rejection", `void Promise.reject(new Error("nobody caught me"));`],
  ])("exits with 1 on %s, the error written", async (_what, body) => {
    const { code, log } = await run(body);
    expect(log).toContain("nobody caught me");
    expect(code).toBe(1);
  });
});
