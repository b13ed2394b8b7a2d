import { ManualClock } from "@datalayer/shared/clock/manual-clock";
import { type Outcome, settled, stalled, waiting } from "@datalayer/shared/controller/outcome";
import type { Report } from "@datalayer/shared/controller/controller";
import { statusAfter } from "@datalayer/shared/controller/status";
import type { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import { describe, expect, it } from "vitest";
import { storedPool } from "../../test/pool-objects.ts";
import { StatusPace } from "./status-pace.ts";

const warming = waiting({ reason: "Warming", message: "Not full.", retryAfterMs: 5_000 });
const ready = (status: "True" | "False") => ({ type: "Ready", status, reason: `Is${status}`, message: "" });

function report(available: number, outcome: Outcome = settled(), isReady = true): Report<RuntimePool> {
  const status = { desired: 9, available, pending: 0, assigned: 0 };
  return { status, conditions: [ready(isReady ? "True" : "False")], outcome };
}

/** A pool whose status says this, as the loop would have written it. */
function poolWith(said: Report<RuntimePool>, generation = 1): RuntimePool {
  const pool = storedPool({}, { generation });
  return { ...pool, status: statusAfter(pool, said, 0) };
}

/** The counts as written a moment ago, then another report: what of it is left. */
function second(next: Report<RuntimePool>, first = report(5), after?: RuntimePool): Report<RuntimePool> {
  const pace = new StatusPace(new ManualClock());
  pace.ration(storedPool(), first);
  return pace.ration(after ?? poolWith(first), next);
}

describe("the pace of a pool's status", () => {
  it("lets the first counts pass", () => {
    const first = report(5);
    expect(new StatusPace(new ManualClock()).ration(storedPool(), first)).toBe(first);
  });

  it("postpones counts that change within a second", () => {
    const next = report(4);
    expect(second(next)).toEqual({
      conditions: next.conditions,
      outcome: settled({ recheckAfterMs: 1_000 }),
    });
  });

  it("postpones them also while the pool is being filled", () => {
    const outcome = { ...warming, retryAfterMs: 1_000 };
    const next = report(4, warming);
    expect(second(next, report(5, warming))).toEqual({ conditions: next.conditions, outcome });
  });

  it("lets them pass a second later", async () => {
    const clock = new ManualClock();
    const pace = new StatusPace(clock);
    pace.ration(storedPool(), report(5));
    await clock.advance(1_000);
    const next = report(4);
    expect(pace.ration(poolWith(report(5)), next)).toBe(next);
  });

  const passing: [string, Report<RuntimePool>, Report<RuntimePool>, RuntimePool?][] = [
    ["a condition that changes", report(5), report(0, settled(), false)],
    ["another outcome", report(5), report(4, warming)],
    [
      "counts of a new spec",
      report(5),
      report(4),
      { ...poolWith(report(5)), metadata: { ...storedPool().metadata, generation: 2 } },
    ],
    [
      "counts of a pool that is not looked at again",
      report(5, stalled({ reason: "X", message: "" })),
      report(4, stalled({ reason: "X", message: "" })),
    ],
    ["equal counts", report(5), report(5)],
  ];
  it.each(passing)("lets %s pass at once", (_, first, next, after) => {
    expect(second(next, first, after)).toBe(next);
  });

  it("keeps the pools apart, and forgets one that is gone", () => {
    const pace = new StatusPace(new ManualClock());
    const [one, other] = [poolWith(report(5)), storedPool({}, { name: "other" })];
    pace.ration(one, report(4));
    expect(pace.ration(other, report(5)).status).toBeDefined();
    expect(pace.ration(one, report(3)).status).toBeUndefined();
    pace.forget(one.metadata.uid);
    expect(pace.ration(one, report(3)).status).toBeDefined();
  });
});
