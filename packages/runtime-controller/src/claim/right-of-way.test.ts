import { ManualClock } from "@datalayer/shared/clock/manual-clock";
import { describe, expect, it } from "vitest";
import { RightOfWay } from "./right-of-way.ts";

function burst(size: number): {
  rightOfWay: RightOfWay;
  clock: ManualClock;
  finish: (count: number) => Promise<void>;
} {
  const clock = new ManualClock();
  const rightOfWay = new RightOfWay(clock);
  const claims = Array.from({ length: size }, () => {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    return { resolve, done: rightOfWay.claim(() => promise) };
  });
  const finish = async (count: number): Promise<void> => {
    for (const { resolve, done } of claims.splice(0, count)) {
      resolve(undefined);
      await done;
    }
  };
  return { rightOfWay, clock, finish };
}

/** Whether the refill may go on by now. */
function watch(refill: Promise<void>): { passed: boolean } {
  const state = { passed: false };
  void refill.then(() => (state.passed = true));
  return state;
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("the right of way of claims", () => {
  it("leaves the refill alone while few claims are under way", async () => {
    const { rightOfWay } = burst(4);
    await expect(rightOfWay.giveWay()).resolves.toBeUndefined();
  });

  it("holds the refill back in a burst, until few claims are left", async () => {
    const { rightOfWay, finish } = burst(10);
    const refill = watch(rightOfWay.giveWay());
    await finish(5);
    await settle();
    expect(refill.passed).toBe(false);
    await finish(1);
    await settle();
    expect(refill.passed).toBe(true);
  });

  it("lets the refill go on after half a second of an endless burst", async () => {
    const { rightOfWay, clock } = burst(10);
    const refill = watch(rightOfWay.giveWay());
    await clock.advance(499);
    expect(refill.passed).toBe(false);
    await clock.advance(1);
    await settle();
    expect(refill.passed).toBe(true);
  });

  it("gives back what a claim gives, also when it fails", async () => {
    const rightOfWay = new RightOfWay(new ManualClock());
    await expect(rightOfWay.claim(() => Promise.resolve("a runtime"))).resolves.toBe("a runtime");
    await expect(rightOfWay.claim(() => Promise.reject(new Error("none")))).rejects.toThrow("none");
    await expect(rightOfWay.giveWay()).resolves.toBeUndefined();
  });
});
