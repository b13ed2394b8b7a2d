import { ManualClock } from "@datalayer/shared/clock/manual-clock";
import { beforeEach, describe, expect, it } from "vitest";
import { Decisions } from "./decisions.ts";
import { type Allowed, unauthenticated, undecided, type Verdict } from "./verdict.ts";

let clock: ManualClock;
let asked: unknown[];
let decisions: Decisions;

beforeEach(() => {
  clock = new ManualClock();
  asked = [];
  decisions = new Decisions({ capacity: 3, maxAgeMs: 10_000, clock });
});

const allowed: Allowed = { kind: "allowed", headers: { "X-Auth-Subject": "a" } };
const decide = (question: string, verdict: Verdict = allowed): Promise<Verdict> =>
  decisions.decide([question], () => {
    asked.push(question);
    return Promise.resolve(verdict);
  });

describe("decisions", () => {
  it("are made once for equal questions, at the same time and after", async () => {
    await Promise.all([decide("a"), decide("a"), decide("b")]);
    expect(await decide("a")).toBe(allowed);
    expect(asked).toEqual(["a", "b"]);
    expect(decisions).toMatchObject({ hits: 1, misses: 3, size: 2 });
  });

  it("are forgotten after their time", async () => {
    await decide("a");
    await clock.advance(9_999);
    await decide("a");
    await clock.advance(1);
    await decide("a");
    expect(asked).toEqual(["a", "a"]);
  });

  it("are forgotten when the credentials end, and not kept at all when these have ended", async () => {
    await decide("a", { ...allowed, untilMs: clock.now() + 5_000 });
    await clock.advance(5_000);
    await decide("a", { ...allowed, untilMs: clock.now() });
    await decide("a", { ...allowed, untilMs: clock.now() - 30_000 });
    expect(asked).toEqual(["a", "a", "a"]);
  });

  it("are forgotten too when the wall clock is set back", async () => {
    await decide("a", { ...allowed, untilMs: clock.now() + 5_000 });
    clock.jump(-3_600_000);
    await clock.advance(5_000);
    await decide("a");
    expect(asked).toEqual(["a", "a"]);
  });

  it("that refuse are not remembered", async () => {
    await decide("a", unauthenticated("expired", "Bearer"));
    await decide("a", undecided("upstream-unavailable"));
    await decide("a");
    expect(asked).toHaveLength(3);
  });

  it("are no more than the bound; the one that was not asked for longest goes", async () => {
    for (const question of ["a", "b", "c", "a", "d"]) await decide(question);
    expect(decisions.size).toBe(3);
    await decide("a");
    await decide("b");
    expect(asked).toEqual(["a", "b", "c", "d", "b"]);
  });

  it("that fail are tried again", async () => {
    await expect(decisions.decide(["a"], () => Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect(await decide("a")).toBe(allowed);
  });
});
