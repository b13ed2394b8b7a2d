import { describe, expect, it } from "vitest";
import {
  createdAt,
  noEnvironment,
  noImage,
  observation,
  runtime,
  type RuntimeTraits,
  storedPool,
} from "../../test/pool-objects.ts";
import type { PoolObservation } from "./observation.ts";
import { failuresIn, planPool } from "./plan.ts";

const nowMs = Date.parse(createdAt);
const crashLooping: RuntimeTraits["status"] = {
  phase: "Running",
  containerStatuses: [
    {
      name: "jupyter",
      image: "i",
      imageID: "i",
      ready: false,
      restartCount: 3,
      state: { waiting: { reason: "CrashLoopBackOff" } },
    },
  ],
};

type Runtimes = Record<string, RuntimeTraits>;
type Rest = Parameters<typeof observation>[1];

/** The plan with ulids in place of runtimes; what is empty is left out. */
function plan(runtimes: Runtimes, rest: Rest = {}): Record<string, unknown> {
  const observed: PoolObservation = observation(
    Object.entries(runtimes).map(([id, traits]) => runtime(id, traits)),
    rest,
  );
  const { promote, demote, create, refill, remove } = planPool(observed, nowMs);
  const removed = Object.fromEntries(remove.map((one) => [one.runtime.ulid, one.reason]));
  return {
    ...(promote.length > 0 && { promote: promote.map(({ ulid }) => ulid) }),
    ...(demote.length > 0 && { demote: demote.map(({ ulid }) => ulid) }),
    ...(create > 0 && { create }),
    ...(refill > 0 && { refill }),
    ...(remove.length > 0 && { remove: removed }),
  };
}

const three: Runtimes = { a: {}, b: {}, c: {} };
const old: RuntimeTraits = { revision: "old" };
const sized = (size: number): Rest => ({ pool: storedPool({ size }) });

describe("given a pool of three", () => {
  const table: [string, Runtimes, Rest, object][] = [
    ["creates three when there is none", {}, {}, { create: 3 }],
    ["does nothing when three are available", three, {}, {}],
    ["does nothing while the missing one starts", { a: {}, b: {}, c: { state: "pending" } }, {}, {}],
    ["creates one when one is assigned", { ...three, c: { state: "assigned" } }, {}, { create: 1 }],
    ["creates one when one is paused", { ...three, c: { state: "paused" } }, {}, { create: 1 }],
    ["creates one when one is terminating", { ...three, c: { terminating: true } }, {}, { create: 1 }],
    [
      "promotes one that has become ready",
      { a: {}, b: {}, c: { state: "pending", ready: true } },
      {},
      { promote: ["c"] },
    ],
    ["demotes one that is not ready any more", { a: {}, b: {}, c: { ready: false } }, {}, { demote: ["c"] }],
    [
      "replaces one that was evicted",
      { a: {}, b: {}, c: { ended: true } },
      {},
      { create: 1, remove: { c: "Failed" } },
    ],
    ["keeps an assigned one that has ended", { ...three, d: { state: "assigned", ended: true } }, {}, {}],
    ["creates nothing while it backs off", {}, { backoffMs: 1 }, {}],
    ["creates nothing without an environment", {}, { fault: noEnvironment }, {}],
    [
      "keeps what is warm when the environment is gone",
      { a: {}, b: {}, c: { revision: "old" } },
      { fault: noEnvironment },
      {},
    ],
  ];
  it.each(table)("%s", (_, runtimes, rest, expected) => {
    expect(plan(runtimes, rest)).toEqual(expected);
  });
});

describe("given a runtime that is ready and whose Route does not lead to it", () => {
  const ready: Runtimes = { a: {}, b: {}, c: { state: "pending", ready: true } };
  const waited = (waitedMs: number, waitMs: number): Rest => ({
    routes: { unrouted: new Map([["uid-of-runtime-c", { why: "no Route", waitedMs }]]), waitMs },
  });
  it.each<[string, Runtimes, Rest, object]>([
    ["waits", ready, waited(29_999, 30_000), {}],
    ["offers it all the same in the end", ready, waited(30_000, 30_000), { promote: ["c"] }],
    ["never offers it where that is not wanted", ready, waited(1e9, Infinity), {}],
    ["offers it at once where nobody waits", ready, waited(0, 0), { promote: ["c"] }],
    ["keeps it available once it is", three, waited(0, 30_000), {}],
    [
      "offers it once its Route does",
      ready,
      { routes: { unrouted: new Map(), waitMs: 30_000 } },
      { promote: ["c"] },
    ],
  ])("%s", (_, runtimes, rest, expected) => {
    expect(plan(runtimes, rest)).toEqual(expected);
  });
});

describe("given an image that is not ready", () => {
  const lastGood = { revision: "old", backoffMs: 0 };
  const fault = noImage;
  const table: [string, Runtimes, Rest, object][] = [
    ["refills from the last good revision", { a: old, b: old }, { lastGood }, { refill: 1 }],
    ["keeps what is of the last good revision", { a: old, b: old, c: old }, { lastGood }, {}],
    ["waits while the last good revision backs off", {}, { lastGood: { ...lastGood, backoffMs: 1 } }, {}],
    [
      "gives up a canary that has not shown that it works",
      { a: old, b: old, c: old, d: { state: "pending" } },
      { lastGood },
      { remove: { d: "Outdated" } },
    ],
    [
      "replaces what is older than the last good revision",
      { a: old, b: old, c: { revision: "older" } },
      { lastGood },
      { refill: 1 },
    ],
    ["keeps what is warm when nothing was good yet", { a: {}, b: old }, {}, {}],
    ["creates nothing without an environment", { a: old }, { lastGood, fault: noEnvironment }, {}],
  ];
  it.each(table)("%s", (_, runtimes, rest, expected) => {
    expect(plan(runtimes, { fault, ...rest })).toEqual(expected);
  });
});

describe("given a change of size", () => {
  const table: [string, Runtimes, Rest, object][] = [
    ["creates what is missing", three, sized(5), { create: 2 }],
    [
      "removes all warm ones at size 0",
      three,
      sized(0),
      { remove: { a: "Excess", b: "Excess", c: "Excess" } },
    ],
    ["keeps size 1 when none is said", {}, { pool: storedPool({ size: undefined }) }, { create: 1 }],
    [
      "removes those that are starting first, the youngest of them first",
      { a: {}, b: { state: "pending", ageSeconds: 9 }, c: { state: "pending", ageSeconds: 3 } },
      sized(2),
      { remove: { c: "Excess" } },
    ],
    [
      "removes one that is starting rather than one that has just become ready",
      { a: {}, b: { state: "pending", ready: true }, c: { state: "pending", ageSeconds: 9 } },
      sized(2),
      { promote: ["b"], remove: { c: "Excess" } },
    ],
    [
      "does not promote what it removes",
      { a: {}, b: { state: "pending", ready: true } },
      sized(1),
      { remove: { b: "Excess" } },
    ],
    [
      "removes the oldest of those that are available",
      { a: { ageSeconds: 1 }, b: { ageSeconds: 3 }, c: { ageSeconds: 2 } },
      sized(2),
      { remove: { b: "Excess" } },
    ],
    [
      "never removes an assigned one",
      { a: { state: "assigned" }, b: { state: "paused" }, c: {} },
      sized(0),
      { remove: { c: "Excess" } },
    ],
  ];
  it.each(table)("%s", (_, runtimes, rest, expected) => {
    expect(plan(runtimes, rest)).toEqual(expected);
  });
});

describe("given a new revision", () => {
  const allOld: Runtimes = { a: old, b: old, c: old };
  const table: [string, Runtimes, Rest, object][] = [
    ["starts one canary beside those that serve", allOld, {}, { create: 1 }],
    ["waits for the canary", { ...allOld, d: { state: "pending" } }, {}, {}],
    [
      "stops at a canary that does not start",
      { ...allOld, d: { state: "pending", status: crashLooping } },
      {},
      {},
    ],
    [
      "stays at one canary when old ones are claimed meanwhile",
      { a: old, b: { ...old, state: "assigned" }, d: { state: "pending", status: crashLooping } },
      {},
      {},
    ],
    ["goes on once the canary is available", { ...allOld, d: {} }, {}, { remove: { a: "Outdated" } }],
    ["creates the next within the surge", { a: old, b: old, d: {} }, {}, { create: 1 }],
    [
      "removes old ones that were still starting",
      { a: old, b: old, c: { ...old, state: "pending" } },
      {},
      { create: 1, remove: { c: "Outdated" } },
    ],
    [
      "does not wait for a canary when nothing serves",
      { a: { ...old, ready: false } },
      {},
      {
        create: 3,
        remove: { a: "Outdated" },
      },
    ],
  ];
  it.each(table)("%s", (_, runtimes, rest, expected) => {
    expect(plan(runtimes, rest)).toEqual(expected);
  });
});

describe("given a cordoned node", () => {
  const leavingNodes = new Set(["node-b"]);
  it("takes what is warm there out of service and replaces it", () => {
    const runtimes = { a: {}, b: {}, c: { node: "node-b" } };
    expect(plan(runtimes, { leavingNodes })).toEqual({ create: 1, remove: { c: "Outdated" } });
  });

  it("waits before it tries another, when one that never served is there", () => {
    const there: RuntimeTraits = { node: "node-b", state: "pending" };
    const runtimes = [runtime("a"), runtime("b", { node: "node-b" }), runtime("c", there)];
    const observed = observation(runtimes, { leavingNodes });
    expect(failuresIn(planPool(observed, nowMs), observed).map(({ ulid }) => ulid)).toEqual(["c"]);
  });

  it("leaves an assigned one there", () => {
    const runtimes: Runtimes = { ...three, d: { node: "node-b", state: "assigned" } };
    expect(plan(runtimes, { leavingNodes })).toEqual({});
  });
});

describe("given a longest life of an hour", () => {
  const maxLifeMs = 3_600_000;
  const aged = (...ages: number[]): Runtimes =>
    Object.fromEntries(ages.map((ageSeconds, index) => [`r${index}`, { ageSeconds }]));

  it.each([
    ["keeps one of 53 minutes", 3_200, {}],
    ["replaces one of an hour before it removes it", 3_600, { create: 1 }],
  ])("%s", (_, ageSeconds, expected) => {
    expect(plan(aged(0, 0, ageSeconds), { maxLifeMs })).toEqual(expected);
  });

  it("removes it when its replacement is available", () => {
    expect(plan(aged(0, 0, 0, 3_600), { maxLifeMs })).toEqual({ remove: { r3: "Outdated" } });
  });

  it("spreads the end of runtimes that were created together over a tenth of their life", () => {
    const count = 200;
    const pool = storedPool({ size: count });
    const outdatedAt = (seconds: number): number => {
      const runtimes = aged(...Array.from({ length: count }, () => seconds));
      const fresh = { "fresh-1": {}, "fresh-2": {} };
      const planned = plan({ ...runtimes, ...fresh }, { maxLifeMs, pool });
      return (
        Number(planned["create"] ?? 0) + Object.keys((planned["remove"] as object | undefined) ?? {}).length
      );
    };
    expect(outdatedAt(3_239)).toBe(2); // both fresh ones are one too many
    expect(outdatedAt(3_420)).toBeGreaterThan(20);
  });
});
