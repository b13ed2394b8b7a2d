import { describe, expect, it } from "vitest";
import { systemClock } from "./clock.ts";

describe("a sleep of the machine's clock", () => {
  it.each([2 ** 31, 2 ** 40, Infinity])("of %d ms is longer than a short one", async (ms) => {
    const stop = new AbortController();
    const long = systemClock.sleep(ms, stop.signal).then(() => "woken");
    const short = systemClock.sleep(5).then(() => "still asleep");
    expect(await Promise.race([long, short])).toBe("still asleep");
    stop.abort(new Error("enough"));
    await expect(long).rejects.toThrow("enough");
  });
});
