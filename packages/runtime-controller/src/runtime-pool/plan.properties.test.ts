import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createdAt, observation, runtime, type RuntimeTraits, storedPool } from "../../test/pool-objects.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { runtimeStates } from "../runtime/state.ts";
import type { PoolObservation } from "./observation.ts";
import { planPool, type PoolPlan } from "./plan.ts";

const nowMs = Date.parse(createdAt);
const maxLifeSeconds = 3_600;

const traits: fc.Arbitrary<RuntimeTraits> = fc.record({
  state: fc.constantFrom(...runtimeStates),
  ready: fc.boolean(),
  revision: fc.constantFrom("current", "current", "old", "older"),
  ageSeconds: fc.constantFrom(0, 1, 1, 60, 2 * maxLifeSeconds),
  node: fc.constantFrom("node-a", "node-a", "node-b"),
  terminating: fc.constantFrom(false, false, false, true),
  ended: fc.constantFrom(false, false, false, false, true),
});

const pools: fc.Arbitrary<PoolObservation> = fc
  .record({
    size: fc.nat(12),
    traits: fc.array(traits, { maxLength: 20 }),
    cordoned: fc.boolean(),
    ages: fc.boolean(),
    backoffMs: fc.constantFrom(0, 0, 0, 5_000),
  })
  .map(({ size, traits: all, cordoned, ages, backoffMs }) =>
    observation(
      all.map((one, index) => runtime(`r${index}`, one)),
      {
        pool: storedPool({ size }),
        cordonedNodes: new Set(cordoned ? ["node-b"] : []),
        maxLifeMs: ages ? maxLifeSeconds * 1000 : Infinity,
        backoffMs,
      },
    ),
  );

const touched = ({ promote, demote, remove }: PoolPlan): Runtime[] => [
  ...promote,
  ...demote,
  ...remove.map((one) => one.runtime),
];

/** The pool after the plan is carried out, when the cluster does nothing of itself. */
function carriedOut(observed: PoolObservation, plan: PoolPlan, round: number): PoolObservation {
  const removed = new Set(plan.remove.map((one) => one.runtime));
  const kept = observed.runtimes.filter((one) => !removed.has(one));
  const created = Array.from({ length: plan.create }, (_, index) =>
    runtime(`new-${round}-${index}`, { state: "pending" }),
  );
  const runtimes = kept.map((one): Runtime => {
    if (plan.promote.includes(one)) return { ...one, state: "available" };
    return plan.demote.includes(one) ? { ...one, state: "pending" } : one;
  });
  return { ...observed, runtimes: [...runtimes, ...created] };
}

const isEmpty = (plan: PoolPlan): boolean => touched(plan).length + plan.create === 0;

const serving = ({ runtimes, cordonedNodes }: PoolObservation): number =>
  runtimes.filter(
    ({ state, ready, terminating, ended, pod }) =>
      state === "available" &&
      ready &&
      !terminating &&
      !ended &&
      !cordonedNodes.has(pod.spec?.nodeName ?? ""),
  ).length;

const described = (plan: PoolPlan) => ({
  promote: plan.promote.map(({ ulid }) => ulid).sort(),
  demote: plan.demote.map(({ ulid }) => ulid).sort(),
  create: plan.create,
  remove: plan.remove.map((one) => `${one.runtime.ulid} ${one.reason}`).sort(),
});

describe("whatever the state of a pool, its plan", () => {
  it("comes to rest when it is carried out, and stays there", () => {
    fc.assert(
      fc.property(pools, (start) => {
        let observed = start;
        for (let round = 0; round < 5; round++)
          observed = carriedOut(observed, planPool(observed, nowMs), round);
        expect(isEmpty(planPool(observed, nowMs))).toBe(true);
      }),
    );
  });

  it("never touches what is assigned, paused or terminating", () => {
    fc.assert(
      fc.property(pools, (observed) => {
        const warm = (one: Runtime) => !one.terminating && ["pending", "available"].includes(one.state);
        expect(touched(planPool(observed, nowMs)).every(warm)).toBe(true);
      }),
    );
  });

  it("never leaves fewer serving than the size, unless fewer served before", () => {
    fc.assert(
      fc.property(pools, (observed) => {
        const after = serving(carriedOut(observed, planPool(observed, nowMs), 0));
        expect(after).toBeGreaterThanOrEqual(Math.min(serving(observed), observed.pool.spec.size!));
      }),
    );
  });

  it("does not depend on the order in which runtimes are seen", () => {
    const shuffled = pools.chain((observed) =>
      fc.tuple(
        fc.constant(observed),
        fc.shuffledSubarray([...observed.runtimes], { minLength: observed.runtimes.length }),
      ),
    );
    fc.assert(
      fc.property(shuffled, ([observed, runtimes]) => {
        const plan = planPool({ ...observed, runtimes }, nowMs);
        expect(described(plan)).toEqual(described(planPool(observed, nowMs)));
      }),
    );
  });

  it("creates no more than the size lacks", () => {
    fc.assert(
      fc.property(pools, (observed) => {
        const fresh = observed.runtimes.filter(
          ({ state, terminating, ended, revision, pod }) =>
            !terminating &&
            !ended &&
            revision === "current" &&
            (state === "pending" || state === "available") &&
            !observed.cordonedNodes.has(pod.spec?.nodeName ?? "") &&
            (observed.maxLifeMs === Infinity || Date.parse(pod.metadata.creationTimestamp) > nowMs - 100_000),
        );
        const { create } = planPool(observed, nowMs);
        expect(create).toBeLessThanOrEqual(Math.max(0, observed.pool.spec.size! - fresh.length));
        if (observed.backoffMs > 0) expect(create).toBe(0);
      }),
    );
  });

  it("does one thing at most with each runtime", () => {
    fc.assert(
      fc.property(pools, (observed) => {
        const all = touched(planPool(observed, nowMs));
        expect(new Set(all).size).toBe(all.length);
      }),
    );
  });
});
