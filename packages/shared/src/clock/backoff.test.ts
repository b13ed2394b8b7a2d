import { describe, expect, it } from "vitest";
import { ManualClock } from "./manual-clock.ts";
import { Backoff } from "./backoff.ts";

const LIMITS = { firstMs: 800, longestMs: 30_000, resetAfterMs: 120_000 };

describe("a back-off", () => {
  it("doubles its limit up to the longest", () => {
    const backoff = new Backoff({ ...LIMITS, clock: new ManualClock(), random: () => 1 });
    const waits = Array.from({ length: 8 }, () => backoff.nextMs());
    expect(waits).toEqual([800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000]);
  });

  it("waits anything up to the limit", () => {
    const backoff = new Backoff({ ...LIMITS, clock: new ManualClock(), random: () => 0.25 });
    expect([backoff.nextMs(), backoff.nextMs()]).toEqual([200, 400]);
  });

  it("begins again after two quiet minutes", async () => {
    const clock = new ManualClock();
    const backoff = new Backoff({ ...LIMITS, clock, random: () => 1 });
    backoff.nextMs();
    await clock.advance(800 + 120_000);
    expect(backoff.nextMs()).toBe(1600);
    await clock.advance(1600 + 120_001);
    expect(backoff.nextMs()).toBe(800);
  });
});
