import { describe, expect, it } from "vitest";
import { observation, runtime, storedPool } from "../../test/pool-objects.ts";
import type { PoolObservation, PoolRoutes } from "./observation.ts";
import { reportPool } from "./report.ts";

const full = ["a", "b", "c"].map((id) => runtime(id));

/** Routes of a pool in which these runtimes have waited so long. */
function routes(waitedMs: Record<string, number>, waitMs = 30_000): PoolRoutes {
  const unrouted = Object.entries(waitedMs).map(
    ([id, waited]) => [`uid-of-runtime-${id}`, { why: `No Route of ${id}.`, waitedMs: waited }] as const,
  );
  return { unrouted: new Map(unrouted), waitMs };
}

function routedOf(observed: PoolObservation): unknown {
  return reportPool(observed).conditions?.find(({ type }) => type === "Routed");
}

describe("the condition Routed of a pool", () => {
  it("is not there where runtimes have no Routes", () => {
    expect(routedOf(observation(full))).toBeUndefined();
  });

  it("is unknown where they had some", () => {
    const condition = {
      type: "Routed",
      status: "True",
      reason: "Routed",
      message: "",
      lastTransitionTime: "2026-01-01T00:00:00Z",
    } as const;
    const pool = storedPool({}, { status: { conditions: [condition] } });
    expect(routedOf(observation(full, { pool }))).toMatchObject({ status: "Unknown", reason: "RoutesOff" });
  });

  it.each([
    ["holds when all are reached", routes({}), "True"],
    ["holds while a Route takes its moment", routes({ a: 9_999 }), "True"],
    ["does not hold when it takes longer", routes({ a: 10_000 }), "False"],
  ])("%s", (_, given, status) => {
    expect(routedOf(observation(full, { routes: given }))).toMatchObject({ status });
  });

  it("names one Route, the same whatever the order, and says what follows", () => {
    const message =
      "No Route of a. Runtimes are offered all the same 30 s after they are ready; their URLs may not work yet.";
    for (const late of [routes({ a: 20_000, b: 20_000 }), routes({ b: 20_000, a: 20_000 })])
      expect(routedOf(observation(full, { routes: late }))).toMatchObject({
        reason: "RouteNotReady",
        message,
      });
    const strict = observation(full, { routes: routes({ a: 20_000 }, Infinity) });
    expect(routedOf(strict)).toMatchObject({
      message: "No Route of a. Runtimes are not offered before their Route leads to them.",
    });
  });
});

describe("a pool with a Route that does not come", () => {
  it("is Reconciling, and says why nothing can be assigned", () => {
    const held = observation([runtime("a", { state: "pending", ready: true })], {
      pool: storedPool({ size: 1 }),
      routes: routes({ a: 10_000 }, Infinity),
    });
    const { outcome, conditions } = reportPool(held);
    expect(outcome).toMatchObject({ kind: "waiting", reason: "RouteNotReady" });
    expect(conditions).toContainEqual(
      expect.objectContaining({ type: "Ready", status: "False", reason: "RouteNotReady" }),
    );
  });

  it.each([
    ["when there is something to tell", routes({ a: 8_000 }), 2_000],
    ["when the wait is over", routes({ a: 8_000 }, 9_000), 1_000],
    ["for the first of several", routes({ a: 8_000, b: 9_500 }), 500],
  ])("is looked at again in time: %s", (_, given, retryMs) => {
    const before = observation(full, { routes: given });
    expect(reportPool(before).outcome).toEqual({ kind: "settled", recheckAfterMs: retryMs });
  });
});
