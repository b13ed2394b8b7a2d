import { describe, expect, it } from "vitest";
import { ManualClock } from "../clock/manual-clock.ts";
import { TokenBucket } from "./token-bucket.ts";

describe("a token bucket", () => {
  it("lets a burst through, then its rate, and never saves up more than a burst", async () => {
    const clock = new ManualClock();
    const bucket = new TokenBucket({ burst: 3, perSecond: 2 }, clock);
    const take = (count: number) => Array.from({ length: count }, () => bucket.take());
    expect(take(4)).toEqual([true, true, true, false]);
    expect(bucket.waitMs()).toBe(500);
    await clock.advance(500);
    expect(bucket.waitMs()).toBe(0);
    expect(take(2)).toEqual([true, false]);
    await clock.advance(3_600_000);
    expect(take(4)).toEqual([true, true, true, false]);
  });
});
