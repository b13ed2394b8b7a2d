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

  it("is taken back as far as it goes, and says what was not", async () => {
    const log: string[] = [];
    const stuck = new Error("stuck");
    const done = await reversible((later) => {
      later(() => void log.push("one back"));
      later(() => Promise.reject(stuck));
      later(() => void log.push("three back"));
      return Promise.resolve({});
    });
    await expect(done.undo()).rejects.toMatchObject({ errors: [stuck] });
    expect(log).toEqual(["three back", "one back"]);
  });

  it("keeps its own failure when it cannot be taken back either", async () => {
    const [no, stuck] = [new Error("no"), new Error("stuck")];
    const failed = reversible((later) => {
      later(() => Promise.reject(stuck));
      return Promise.reject(no);
    });
    await expect(failed).rejects.toMatchObject({ errors: [no, { errors: [stuck] }] });
  });
});
