import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  conditionsAfter,
  conditionsAfterError,
  findCondition,
  isTrue,
  setCondition,
  type Condition,
} from "./conditions.ts";
import { settled, stalled, waiting, type Outcome } from "./outcome.ts";

const noonMs = Date.UTC(2026, 0, 1, 12);
const noon = { nowMs: noonMs, generation: 3 };
const later = { nowMs: noonMs + 60_000, generation: 4 };

function statuses(conditions: Condition[]): Record<string, string> {
  return Object.fromEntries(conditions.map(({ type, status }) => [type, status]));
}

describe("a condition", () => {
  it("is stamped in whole seconds, for the generation it was found for", () => {
    const [ready] = setCondition(
      [],
      { type: "Ready", status: "True", reason: "R", message: "m" },
      { nowMs: noonMs + 123, generation: 3 },
    );
    expect(ready).toEqual({
      type: "Ready",
      status: "True",
      reason: "R",
      message: "m",
      observedGeneration: 3,
      lastTransitionTime: "2026-01-01T12:00:00Z",
    });
  });

  it("keeps its transition time while only reason, message or generation change", () => {
    const before = setCondition([], { type: "Ready", status: "False", reason: "A", message: "a" }, noon);
    const after = setCondition(before, { type: "Ready", status: "False", reason: "B", message: "b" }, later);
    expect(after[0]).toMatchObject({
      reason: "B",
      observedGeneration: 4,
      lastTransitionTime: "2026-01-01T12:00:00Z",
    });
    const flipped = setCondition(after, { type: "Ready", status: "True", reason: "C", message: "c" }, later);
    expect(flipped[0]!.lastTransitionTime).toBe("2026-01-01T12:01:00Z");
  });
});

describe("after a reconcile", () => {
  it.each<[string, Outcome, Record<string, string>]>([
    ["settled", settled(), { Ready: "True", Reconciling: "False", Stalled: "False" }],
    [
      "waiting",
      waiting({ reason: "Refilling", message: "2 of 3", retryAfterMs: 10 }),
      { Ready: "False", Reconciling: "True", Stalled: "False" },
    ],
    [
      "stalled",
      stalled({ reason: "UnknownEnvironment", message: "none" }),
      { Ready: "False", Reconciling: "False", Stalled: "True" },
    ],
  ])("a %s outcome is summarised as kstatus reads it", (_, outcome, expected) => {
    expect(statuses(conditionsAfter([], { outcome }, noon))).toEqual(expected);
  });

  it("a reported condition stands, also against the summary, and unreported ones are kept", () => {
    const before = setCondition([], { type: "Routed", status: "True", reason: "R", message: "" }, noon);
    const outcome = waiting({ reason: "RollingOut", message: "1 of 3", retryAfterMs: 10 });
    const reported = [{ type: "Ready", status: "True" as const, reason: "Serving", message: "" }];
    expect(statuses(conditionsAfter(before, { outcome, reported }, later))).toEqual({
      Routed: "True",
      Reconciling: "True",
      Stalled: "False",
      Ready: "True",
    });
  });

  it("the same result twice changes nothing", () => {
    const outcome = fc.constantFrom<Outcome>(
      settled(),
      settled({ recheckAfterMs: 1 }),
      waiting({ reason: "W", message: "w", retryAfterMs: 1 }),
      stalled({ reason: "S", message: "s" }),
    );
    const reported = fc.array(
      fc.record({
        type: fc.constantFrom("Ready", "Routed", "Mounted"),
        status: fc.constantFrom<Condition["status"]>("True", "False", "Unknown"),
        reason: fc.constant("R"),
        message: fc.string(),
      }),
      { maxLength: 3 },
    );
    fc.assert(
      fc.property(outcome, outcome, reported, (first, second, own) => {
        const before = conditionsAfter([], { outcome: first, reported: own }, noon);
        const once = conditionsAfter(before, { outcome: second, reported: own }, noon);
        const twice = conditionsAfter(
          once,
          { outcome: second, reported: own },
          { ...noon, nowMs: later.nowMs },
        );
        expect(new Set(once.map(({ type }) => type)).size).toBe(once.length);
        // A type reported twice with two values has no stable answer; every other result has.
        fc.pre(new Set(own.map(({ type }) => type)).size === own.length);
        expect(twice).toEqual(once);
      }),
    );
  });
});

describe("after an error", () => {
  const ready = conditionsAfter([], { outcome: settled() }, noon);

  it("Ready is unchanged until the fifth in a row", () => {
    for (const failures of [1, 2, 3, 4]) {
      const after = conditionsAfterError(ready, { message: "reset", failures }, later);
      expect(findCondition(after, "Ready")).toEqual(findCondition(ready, "Ready"));
      expect(findCondition(after, "Reconciling")).toMatchObject({
        status: "True",
        reason: "ReconcileFailed",
        message: "reset",
      });
    }
    const after = conditionsAfterError(ready, { message: "reset", failures: 5 }, later);
    expect(isTrue(after, "Ready")).toBe(false);
    expect(findCondition(after, "Ready")!.message).toBe("reset");
  });

  it("Ready is unknown before the first success, and a stalled object is no longer stalled", () => {
    expect(statuses(conditionsAfterError([], { message: "reset", failures: 1 }, noon))).toEqual({
      Ready: "Unknown",
      Reconciling: "True",
      Stalled: "False",
    });
    const stuck = conditionsAfter([], { outcome: stalled({ reason: "S", message: "s" }) }, noon);
    expect(statuses(conditionsAfterError(stuck, { message: "reset", failures: 1 }, later))).toMatchObject({
      Stalled: "False",
    });
  });

  it("a long message is cut", () => {
    const after = conditionsAfterError([], { message: "x".repeat(5000), failures: 1 }, noon);
    expect(findCondition(after, "Reconciling")!.message).toHaveLength(1024);
  });
});
