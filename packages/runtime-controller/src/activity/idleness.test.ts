import { describe, expect, it } from "vitest";
import {
  activityToNote,
  askAgainAfterMs,
  idleMsOf,
  isIdleFor,
  type Observation,
  observed,
  type ServerAnswer,
} from "./idleness.ts";

const s = 1_000;
const hour = 3_600 * s;
/** The clock of the server, here an hour ahead of nothing in particular. */
const serverStart = Date.parse("2026-01-01T00:00:00Z");
const at = (ms: number, lastMs: number, inUse = false): ServerAnswer => ({
  nowMs: serverStart + ms,
  lastActivityMs: serverStart + lastMs,
  inUse,
});
const begun: Observation = { countedFromMs: 0 };
const idleAfter = (...asked: [nowMs: number, answer: ServerAnswer | undefined][]): number | undefined =>
  idleMsOf(asked.reduce((known, [nowMs, answer]) => observed(known, answer, nowMs), begun));

describe("the idle time of a runtime", () => {
  it.each<[string, [number, ServerAnswer | undefined][], number | undefined]>([
    ["is what its server says", [[900 * s, at(900 * s, 300 * s)]], 600 * s],
    ["is none while it is in use", [[900 * s, at(900 * s, 0, true)]], 0],
    ["is not longer than it has been somebody's", [[60 * s, at(8 * hour, 0)]], 60 * s],
    ["is not known when the server did not answer", [[60 * s, undefined]], undefined],
    [
      "is not known any more when it stops to answer",
      [
        [60 * s, at(60 * s, 0)],
        [90 * s, undefined],
      ],
      undefined,
    ],
    [
      "is known again when it answers again",
      [
        [60 * s, undefined],
        [90 * s, at(90 * s, 0)],
      ],
      90 * s,
    ],
    [
      "does not depend on the clock that the server has",
      [[900 * s, at(900 * s + hour, 300 * s + hour)]],
      600 * s,
    ],
    [
      "counts anew when that clock is set an hour ahead",
      [
        [600 * s, at(600 * s, 0)],
        [660 * s, at(660 * s + hour, 0)],
      ],
      0,
    ],
    [
      "counts anew when that clock is set back",
      [
        [600 * s, at(600 * s, 0)],
        [660 * s, at(660 * s - hour, 0)],
      ],
      0,
    ],
    [
      "counts on when that clock drifts",
      [
        [600 * s, at(600 * s, 0)],
        [900 * s, at(903 * s, 0)],
      ],
      900 * s,
    ],
    ["is none when the last use lies in the future", [[600 * s, at(600 * s, hour)]], 0],
  ])("%s", (_, asked, expected) => {
    expect(idleAfter(...asked)).toBe(expected);
  });
});

describe("a server is asked again", () => {
  const after = (nowMs: number, answer: ServerAnswer | undefined): Observation =>
    observed(begun, answer, nowMs);
  it.each<[string, Observation, number, number, number]>([
    ["first after a quarter of the idle time that is allowed", begun, 600 * s, 0, 150 * s],
    ["first when all of it may be over, where it is short", begun, 2 * s, 0, 2 * s],
    [
      "every quarter of that time while it is in use",
      after(900 * s, at(900 * s, 0, true)),
      600 * s,
      900 * s,
      150 * s,
    ],
    ["when that time may be over", after(900 * s, at(900 * s, 320 * s)), 600 * s, 900 * s, 20 * s],
    ["at most each second", after(900 * s, at(900 * s, 0)), 600 * s, 900 * s, 1 * s],
    ["at least every five minutes", after(900 * s, at(900 * s, 900 * s)), 999_999 * s, 900 * s, 300 * s],
    [
      "every five seconds where little is allowed",
      after(900 * s, at(900 * s, 900 * s)),
      10 * s,
      900 * s,
      5 * s,
    ],
    ["less often when it does not answer", after(900 * s, undefined), 10 * s, 900 * s, 30 * s],
    ["now when it is overdue, as for the next leader", after(100 * s, at(100 * s, 0)), 600 * s, 900 * s, 0],
  ])("%s", (_, ...[known, cullMs, nowMs, expected]) => {
    expect(askAgainAfterMs(known, cullMs, nowMs)).toBe(expected);
  });

  it("by thousands of runtimes no more than a few times a second", () => {
    const { askedAtMs = 0 } = after(900 * s, at(900 * s, 0, true));
    const eachMs = askAgainAfterMs(after(askedAtMs, at(900 * s, 0, true)), hour, askedAtMs);
    expect(5_000 / (eachMs / 1000)).toBeLessThan(17);
  });
});

describe("a runtime is idle", () => {
  const known = observed(begun, at(900 * s, 300 * s), 900 * s);
  it.each<[string, Observation, number, number, boolean]>([
    ["when nobody used it for as long as is allowed", known, 600 * s, 900 * s, true],
    ["not sooner", known, 601 * s, 900 * s, false],
    ["not by what its server said a while ago", known, 600 * s, 911 * s, false],
    ["not as long as it was never asked", begun, 600 * s, 9_000 * s, false],
    ["not when it does not answer", observed(known, undefined, 2 * hour), 600 * s, 2 * hour, false],
  ])("%s", (_, ...[observation, cullMs, nowMs, expected]) => {
    expect(isIdleFor(observation, cullMs, nowMs)).toBe(expected);
  });
});

describe("the last use that is written on the Pod", () => {
  const startedAt = 1_800_000_000;
  const answer = (idleSeconds: number, inUse = false): Observation =>
    observed(begun, at(hour, hour - idleSeconds * s, inUse), hour);
  it.each<[string, Observation, { now: number; noted?: number }, number | undefined]>([
    ["is none in the first ten minutes", answer(0), { now: 599 }, undefined],
    ["comes after ten minutes of use", answer(0), { now: 600 }, 600],
    ["is the time of the last use, not of the question", answer(100), { now: 900 }, 800],
    ["is now while it is in use", answer(500, true), { now: 900 }, 900],
    ["is not written again within ten minutes", answer(0), { now: 1_199, noted: 600 }, undefined],
    ["is written again after them", answer(0), { now: 1_200, noted: 600 }, 1_200],
    ["is not written while nobody uses it", answer(5_000), { now: 6_000, noted: 900 }, undefined],
    ["is not known without an answer", observed(begun, undefined, hour), { now: 9_000 }, undefined],
  ])("%s", (_, observation, { now, noted }, expected) => {
    const times = {
      now: startedAt + now,
      startedAt,
      noted: noted === undefined ? undefined : startedAt + noted,
    };
    const written = activityToNote(observation, times);
    expect(written === undefined ? undefined : written - startedAt).toBe(expected);
  });
});
