import { describe, expect, it } from "vitest";
import { ManualClock } from "../clock/manual-clock.ts";
import { Expectations } from "./expectations.ts";

describe("expectations of an owner", () => {
  it("are met when the cache has shown every creation and deletion", () => {
    const expectations = new Expectations(new ManualClock());
    expectations.expectCreation("pool", "a");
    expectations.expectCreation("pool", "b");
    expectations.expectDeletion("pool", "uid-c");
    expect(expectations.pendingCreations("pool")).toBe(2);
    expect(expectations.pendingDeletions("pool")).toBe(1);
    expectations.seenCreation("pool", "a");
    expectations.seenDeletion("pool", "uid-c");
    expect(expectations.areMet("pool")).toBe(false);
    expectations.seenCreation("pool", "b");
    expect(expectations.areMet("pool")).toBe(true);
  });

  it("are not met by what was not expected, by the same event twice, or for another owner", () => {
    const expectations = new Expectations(new ManualClock());
    expectations.expectCreation("pool", "a");
    expectations.expectCreation("pool", "b");
    expectations.seenCreation("pool", "z");
    expectations.seenCreation("pool", "a");
    expectations.seenCreation("pool", "a");
    expectations.seenDeletion("pool", "b");
    expect(expectations.areMet("pool")).toBe(false);
    expect(expectations.areMet("other")).toBe(true);
  });

  it("expire five minutes after the last of them", async () => {
    const clock = new ManualClock();
    const expectations = new Expectations(clock);
    expectations.expectCreation("pool", "a");
    await clock.advance(4 * 60_000);
    expectations.expectCreation("pool", "b");
    await clock.advance(5 * 60_000 - 1);
    expect(expectations.areMet("pool")).toBe(false);
    await clock.advance(1);
    expect(expectations.areMet("pool")).toBe(true);
    expect(expectations.pendingCreations("pool")).toBe(0);
  });

  it("go with the owner", () => {
    const expectations = new Expectations(new ManualClock());
    expectations.expectDeletion("pool", "uid-a");
    expectations.forget("pool");
    expect(expectations.areMet("pool")).toBe(true);
  });
});
