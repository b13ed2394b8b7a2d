import { describe, expect, it } from "vitest";
import { availableInMs, type PoolOutlook } from "./outlook.ts";

const pool = (fields: Partial<PoolOutlook> = {}): PoolOutlook => ({
  startMs: 20_000,
  startingAgesMs: [],
  missing: 0,
  ...fields,
});

describe("the time until a runtime is available", () => {
  const cases: [string, PoolOutlook[], number, number][] = [
    ["is a minute without a pool", [], 0, 60_000],
    ["is a minute where nothing is under way", [pool()], 0, 60_000],
    ["is what is left of the start of the oldest one", [pool({ startingAgesMs: [5_000, 12_000] })], 0, 8_000],
    ["is the next one's with one claim ahead", [pool({ startingAgesMs: [5_000, 12_000] })], 1, 15_000],
    [
      "is that of the pool that is quicker",
      [pool({ startingAgesMs: [0] }), pool({ startMs: 3_000, startingAgesMs: [0] })],
      0,
      3_000,
    ],
    ["is a whole start where one will be created", [pool({ missing: 1 })], 0, 20_000],
    ["is a second at least", [pool({ startMs: 4_000, startingAgesMs: [3_900] })], 0, 1_000],
    ["grows again with one that is late", [pool({ startingAgesMs: [50_000] })], 0, 5_000],
    ["counts rounds when more claims are ahead than runtimes come", [pool({ missing: 2 })], 4, 60_000],
    ["counts one round after the first", [pool({ startMs: 4_000, startingAgesMs: [1_000] })], 1, 7_000],
    ["is a minute at most", [pool({ startMs: 300_000, missing: 1 })], 0, 60_000],
  ];
  it.each(cases)("%s", (_, pools, ahead, expected) => {
    expect(availableInMs(pools, ahead)).toBe(expected);
  });
});
