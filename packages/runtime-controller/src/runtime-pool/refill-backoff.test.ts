import { ManualClock } from "@datalayer/shared/clock/manual-clock";
import { describe, expect, it } from "vitest";
import { RefillBackoff, type RefillResult } from "./refill-backoff.ts";

const quiet: RefillResult = { hasFailed: false, created: 0, promoted: 0 };
const ended: RefillResult = { ...quiet, hasFailed: true };
const refused: RefillResult = { ...quiet, refusal: { reason: "QuotaExceeded", message: "exceeded quota" } };

function afterEach(...results: RefillResult[]): RefillBackoff {
  const backoff = new RefillBackoff(new ManualClock());
  for (const result of results) backoff.learn("pool", "r1", result);
  return backoff;
}

describe("the back-off of a refill", () => {
  const table: [string, RefillResult[], number][] = [
    ["is none when nothing failed", [quiet], 0],
    ["is two seconds after a Pod ended", [ended], 2_000],
    ["doubles with each further one", [ended, ended, ended], 8_000],
    ["ends at five minutes", Array.from({ length: 20 }, () => ended), 300_000],
    ["stays while nothing new is seen", [refused, quiet], 2_000],
    ["ends when a Pod becomes available after one that ended", [ended, { ...quiet, promoted: 1 }], 0],
    ["stays when a Pod is created after one that ended", [ended, { ...quiet, created: 1 }], 2_000],
    ["ends when a Pod is accepted after a refusal", [refused, { ...quiet, created: 1 }], 0],
    [
      "grows although accepted Pods become available, as long as others are refused",
      [refused, { ...quiet, promoted: 2 }, refused],
      4_000,
    ],
  ];
  it.each(table)("%s", (_, results, expectedMs) => {
    expect(afterEach(...results).remainingMs("pool", "r1")).toBe(expectedMs);
  });

  it("passes with time, and grows from where it was", async () => {
    const clock = new ManualClock();
    const backoff = new RefillBackoff(clock);
    backoff.learn("pool", "r1", ended);
    await clock.advance(1_500);
    expect(backoff.remainingMs("pool", "r1")).toBe(500);
    await clock.advance(1_500);
    expect(backoff.remainingMs("pool", "r1")).toBe(0);
    backoff.learn("pool", "r1", ended);
    expect(backoff.remainingMs("pool", "r1")).toBe(4_000);
  });

  it("does not hold for another revision or pool", () => {
    const backoff = afterEach(refused);
    expect(backoff.remainingMs("pool", "r2")).toBe(0);
    expect(backoff.refusal("pool", "r2")).toBeUndefined();
    expect(backoff.remainingMs("other", "r1")).toBe(0);
  });

  it("starts afresh with a new revision", () => {
    const backoff = afterEach(ended, ended, ended);
    backoff.learn("pool", "r2", ended);
    expect(backoff.remainingMs("pool", "r2")).toBe(2_000);
    expect(backoff.remainingMs("pool", "r1")).toBe(8_000);
  });

  it("is forgotten for revisions that the pool has left behind", () => {
    const backoff = afterEach(ended, ended, ended);
    backoff.learn("pool", "r2", ended);
    backoff.retain("pool", ["r2", undefined]);
    expect(backoff.remainingMs("pool", "r2")).toBe(2_000);
    expect(backoff.remainingMs("pool", "r1")).toBe(0);
  });

  it("tells why the last Pod was refused until one is accepted", () => {
    const backoff = afterEach(refused, quiet);
    expect(backoff.refusal("pool", "r1")).toEqual(refused.refusal);
    backoff.learn("pool", "r1", { ...quiet, created: 1 });
    expect(backoff.refusal("pool", "r1")).toBeUndefined();
  });

  it("forgets a pool that is gone", () => {
    const backoff = afterEach(ended);
    backoff.forget("pool");
    expect(backoff.remainingMs("pool", "r1")).toBe(0);
  });
});
