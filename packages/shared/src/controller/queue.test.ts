import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ManualClock } from "../clock/manual-clock.ts";
import { WorkQueue, type Priority } from "./queue.ts";

function newQueue(random: () => number = () => 0.5) {
  const clock = new ManualClock();
  return { clock, queue: new WorkQueue({ name: "test", clock, random }) };
}

/** Takes and finishes every key that is ready now. */
async function drain(queue: WorkQueue): Promise<string[]> {
  const keys: string[] = [];
  while (queue.depth > 0) {
    const key = (await queue.take())!;
    keys.push(key);
    queue.done(key);
  }
  return keys;
}

describe("a work queue", () => {
  it("hands out a key once when it was added three times", async () => {
    const { queue } = newQueue();
    queue.add("a");
    queue.add("a");
    queue.add("a", { afterMs: 10 });
    expect(await drain(queue)).toEqual(["a"]);
  });

  it("hands out a key again when it was added while being worked on, and not before it is done", async () => {
    const { queue } = newQueue();
    queue.add("a");
    expect(await queue.take()).toBe("a");
    queue.add("a");
    expect(queue.depth).toBe(0);
    queue.done("a");
    expect(await queue.take()).toBe("a");
  });

  it("lets user keys pass normal ones, also when they were waiting as normal", async () => {
    const { queue } = newQueue();
    for (const key of ["a", "b", "c"]) queue.add(key);
    queue.add("u", { priority: "user" });
    queue.add("c", { priority: "user" });
    expect(await drain(queue)).toEqual(["u", "c", "a", "b"]);
  });

  it("gives normal keys every fifth turn while there are user keys", async () => {
    const { queue } = newQueue();
    for (const key of ["a", "b"]) queue.add(key);
    for (let index = 1; index <= 9; index++) queue.add(`u${index}`, { priority: "user" });
    const order = ["u1", "u2", "u3", "u4", "a", "u5", "u6", "u7", "u8", "b", "u9"];
    expect(await drain(queue)).toEqual(order);
  });

  it("keeps the priority of a key that was raised while being worked on", async () => {
    const { queue } = newQueue();
    queue.add("a");
    await queue.take();
    queue.add("a", { priority: "user" });
    queue.add("b");
    queue.done("a");
    expect(await drain(queue)).toEqual(["a", "b"]);
  });

  it("lets namespaces take turns", async () => {
    const { queue } = newQueue();
    for (const key of ["noisy/1", "noisy/2", "noisy/3", "quiet/1", "other/1"]) queue.add(key);
    expect(await drain(queue)).toEqual(["noisy/1", "quiet/1", "other/1", "noisy/2", "noisy/3"]);
  });

  it("wakes a worker that waits", async () => {
    const { queue } = newQueue();
    const taken = queue.take();
    queue.add("a");
    expect(await taken).toBe("a");
  });

  it("returns nothing when the worker's signal aborts, and loses no key by it", async () => {
    const { queue } = newQueue();
    const stop = new AbortController();
    const taken = queue.take(stop.signal);
    stop.abort();
    expect(await taken).toBeUndefined();
    queue.add("a");
    expect(await queue.take()).toBe("a");
  });
});

describe("a delayed key", () => {
  it("becomes ready when it is due, at the earliest time that was asked for", async () => {
    const { clock, queue } = newQueue();
    queue.add("a", { afterMs: 500 });
    queue.add("a", { afterMs: 100 });
    queue.add("a", { afterMs: 900 });
    await clock.advance(99);
    expect(queue.depth).toBe(0);
    await clock.advance(1);
    expect(await drain(queue)).toEqual(["a"]);
    await clock.advance(10_000);
    expect(queue.depth).toBe(0);
  });

  it("runs once when it is also added without delay", async () => {
    const { clock, queue } = newQueue();
    queue.add("a", { afterMs: 100, priority: "user" });
    queue.add("b");
    queue.add("a");
    expect(await drain(queue)).toEqual(["a", "b"]);
    await clock.advance(1000);
    expect(queue.depth).toBe(0);
  });

  it("may wait for longer than a timer can", async () => {
    const { clock, queue } = newQueue();
    const fortyDaysMs = 40 * 24 * 3600 * 1000;
    queue.add("a", { afterMs: fortyDaysMs });
    await clock.advance(fortyDaysMs - 1);
    expect(queue.depth).toBe(0);
    await clock.advance(1);
    expect(queue.depth).toBe(1);
  });
});

describe("back-off", () => {
  it("doubles from 250 ms to 5 minutes, starts over after forget, and is per key", async () => {
    const { clock, queue } = newQueue(() => 0.999_999);
    const delays: number[] = [];
    for (let attempt = 0; attempt < 13; attempt++) {
      const fromMs = clock.monotonicMs();
      queue.retry("a");
      while (queue.depth === 0) await clock.advance(50);
      delays.push(clock.monotonicMs() - fromMs);
      await drain(queue);
    }
    expect(delays.slice(0, 4)).toEqual([250, 500, 1000, 2000]);
    expect(delays.slice(-2)).toEqual([300_000, 300_000]);
    expect(queue.failures("a")).toBe(13);
    expect(queue.failures("b")).toBe(0);
    queue.forget("a");
    expect(queue.failures("a")).toBe(0);
  });

  it("is a random part of its ceiling", async () => {
    const { clock, queue } = newQueue(() => 0.1);
    queue.retry("a");
    await clock.advance(24);
    expect(queue.depth).toBe(0);
    await clock.advance(1);
    expect(queue.depth).toBe(1);
  });
});

describe("shutdown", () => {
  it("hands out nothing more and resolves when the work in progress is done", async () => {
    const { clock, queue } = newQueue();
    queue.add("a");
    queue.add("b");
    queue.add("c", { afterMs: 10 });
    await queue.take();
    let drained = false;
    const end = queue.shutdown().then(() => (drained = true));
    queue.add("d");
    await clock.advance(100);
    expect(await queue.take()).toBeUndefined();
    expect(drained).toBe(false);
    queue.done("a");
    await end;
    expect(clock.sleepers).toBe(0);
  });

  it("releases waiting workers", async () => {
    const { queue } = newQueue();
    const taken = queue.take();
    await queue.shutdown();
    expect(await taken).toBeUndefined();
  });
});

type Command =
  | { do: "add"; key: string; priority: Priority; afterMs: number }
  | { do: "take" }
  | { do: "done" | "retry" | "forget"; which: number }
  | { do: "advance"; ms: number };

const key = fc.constantFrom("n1/a", "n1/b", "n2/a", "n3/a", "b");
const command: fc.Arbitrary<Command> = fc.oneof(
  fc.record({
    do: fc.constant("add" as const),
    key,
    priority: fc.constantFrom<Priority>("user", "normal"),
    afterMs: fc.constantFrom(0, 0, 0, 5, 100),
  }),
  fc.record({ do: fc.constant("take" as const) }),
  fc.record({ do: fc.constantFrom("done" as const, "retry" as const, "forget" as const), which: fc.nat(9) }),
  fc.record({ do: fc.constant("advance" as const), ms: fc.constantFrom(1, 50, 1000) }),
);

describe("in any order of calls", () => {
  it("never has two workers on one key, loses no key and invents none", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(command, { maxLength: 60 }), async (commands) => {
        const { clock, queue } = newQueue();
        const working: string[] = [];
        /** Keys asked for since they were last handed out. */
        const owed = new Set<string>();

        const take = async (): Promise<void> => {
          if (queue.depth === 0) return;
          const taken = (await queue.take())!;
          expect(working).not.toContain(taken);
          expect(owed).toContain(taken);
          owed.delete(taken);
          working.push(taken);
        };
        const finish = (which: number, again: boolean): void => {
          const [taken] = working.splice(which % working.length, 1);
          if (again) {
            queue.retry(taken!);
            owed.add(taken!);
          }
          queue.done(taken!);
        };

        for (const next of commands) {
          if (next.do === "add") {
            queue.add(next.key, next);
            owed.add(next.key);
          } else if (next.do === "take") await take();
          else if (next.do === "advance") await clock.advance(next.ms);
          else if (next.do === "forget") queue.forget(working[0] ?? "b");
          else if (working.length > 0) finish(next.which, next.do === "retry");
        }

        while (working.length > 0) finish(0, false);
        await clock.advance(3_600_000);
        while (queue.depth > 0) {
          await take();
          finish(0, false);
        }
        expect([...owed]).toEqual([]);
        expect(queue.depth).toBe(0);
      }),
      { numRuns: 300 },
    );
  });
});
