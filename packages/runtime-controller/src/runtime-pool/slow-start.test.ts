import { describe, expect, it } from "vitest";
import { slowStart } from "./slow-start.ts";

/** Counts writes and the most at once; fails from the nth on. */
function writer(failFrom = Infinity): { write: () => Promise<void>; seen: { writes: number; most: number } } {
  const seen = { writes: 0, most: 0 };
  let under = 0;
  const write = async (): Promise<void> => {
    seen.writes += 1;
    under += 1;
    seen.most = Math.max(seen.most, under);
    const number = seen.writes;
    await new Promise((resolve) => setImmediate(resolve));
    under -= 1;
    if (number >= failFrom) throw new Error(`write ${number}`);
  };
  return { write, seen };
}

describe("a slow start", () => {
  it.each([0, 1, 4, 5, 12, 100])("does all of %i writes when all succeed", async (count) => {
    const { write, seen } = writer();
    expect(await slowStart(count, write)).toEqual({ done: count });
    expect(seen.writes).toBe(count);
  });

  it("does at most sixteen at once", async () => {
    const { write, seen } = writer();
    await slowStart(500, write);
    expect(seen.most).toBe(16);
  });

  it("tries four of a thousand when none can succeed", async () => {
    const { write, seen } = writer(1);
    const { done, error } = await slowStart(1000, write);
    expect({ done, message: error?.message, writes: seen.writes }).toEqual({
      done: 0,
      message: "write 1",
      writes: 4,
    });
  });

  it("counts what was done beside a failure, and starts nothing after it", async () => {
    const { write, seen } = writer(11);
    const { done, error } = await slowStart(1000, write);
    expect({ done, message: error?.message, writes: seen.writes }).toEqual({
      done: 10,
      message: "write 11",
      writes: 12,
    });
  });

  it("makes an error of whatever was thrown", async () => {
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- what is not an Error is the case
    const { error } = await slowStart(1, () => Promise.reject("just text"));
    expect(error).toEqual(new Error("just text"));
  });
});
