import { describe, expect, it } from "vitest";
import { type Later, reversible } from "./reversible.ts";

/** Does two things, then what is given. */
function work(log: string[], then: () => Promise<object>): (later: Later) => Promise<object> {
  return async (later) => {
    log.push("one");
    later(() => void log.push("one back"));
    log.push("two");
    later(async () => {
      await Promise.resolve();
      log.push("two back");
    });
    return then();
  };
}

describe("reversible work", () => {
  it("is taken back once, the latest first", async () => {
    const log: string[] = [];
    const done = await reversible(work(log, () => Promise.resolve({ result: 1 })));
    expect(done).toMatchObject({ result: 1 });
    expect(log).toEqual(["one", "two"]);
    await done.undo();
    await done.undo();
    expect(log).toEqual(["one", "two", "two back", "one back"]);
  });

  it("takes back what it had done when it fails", async () => {
    const log: string[] = [];
    const failed = reversible(work(log, () => Promise.reject(new Error("no"))));
    await expect(failed).rejects.toThrow("no");
    expect(log).toEqual(["one", "two", "two back", "one back"]);
  });
});
