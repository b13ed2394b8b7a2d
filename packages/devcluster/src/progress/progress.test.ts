import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { formatDuration, lineProgress } from "./progress.ts";

describe("progress in lines", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("tells the start, what goes on each 30 s, and the end", async () => {
    const lines: string[] = [];
    const progress = lineProgress((line) => lines.push(line));
    const work = Promise.withResolvers<number>();
    const task = progress.task("etcd v1", (note) => {
      note("compiling");
      return work.promise;
    });
    await vi.advanceTimersByTimeAsync(65_000);
    work.resolve(42);
    expect(await task).toBe(42);
    await vi.advanceTimersByTimeAsync(65_000);
    expect(lines).toEqual([
      "etcd v1: started",
      "etcd v1: still at work, 30 s (compiling)",
      "etcd v1: still at work, 1 min 00 s (compiling)",
      "etcd v1: done in 1 min 05 s",
    ]);
  });

  it("tells a failure and passes it on", async () => {
    const lines: string[] = [];
    const progress = lineProgress((line) => lines.push(line));
    await expect(progress.task("etcd v1", () => Promise.reject(new Error("no disk")))).rejects.toThrow(
      "no disk",
    );
    expect(lines).toEqual(["etcd v1: started", "etcd v1: failed after 0.0 s"]);
  });
});

describe("a duration", () => {
  it.each([
    [840, "0.8 s"],
    [42_000, "42 s"],
    [59_600, "1 min 00 s"],
    [119_800, "2 min 00 s"],
    [125_000, "2 min 05 s"],
  ])("of %i ms reads %s", (durationMs, text) => {
    expect(formatDuration(durationMs)).toBe(text);
  });
});
