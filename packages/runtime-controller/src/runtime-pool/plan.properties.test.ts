import fc from "fast-check";
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
import type { Runtime } from "../runtime/runtime.ts";
import { runtimeStates } from "../runtime/state.ts";
import type { PoolObservation } from "./observation.ts";
import { planPool, type PoolPlan } from "./plan.ts";
import { isOnTrial, lastGoodInFault } from "./trial.ts";

const nowMs = Date.parse(createdAt);
const maxLifeSeconds = 3_600;

const traits: fc.Arbitrary<RuntimeTraits> = fc.record({
  state: fc.constantFrom(...runtimeStates),
  ready: fc.boolean(),
  revision: fc.constantFrom("current", "current", "old", "older"),
  ageSeconds: fc.constantFrom(0, 1, 1, 60, 2 * maxLifeSeconds),
  node: fc.constantFrom("node-a", "node-a", "node-b", "node-c"),
  terminating: fc.constantFrom(false, false, false, true),
  ended: fc.constantFrom(false, false, false, false, true),
});

const lastGoods: fc.Arbitrary<PoolObservation["lastGood"]> = fc.option(
  fc.record({
    revision: fc.constantFrom("current", "old", "older", "oldest"),
    backoffMs: fc.constantFrom(0, 0, 5_000),
  }),
  { nil: undefined },
);

const pools: fc.Arbitrary<PoolObservation> = fc
  .record({
    size: fc.nat(12),
    traits: fc.array(traits, { maxLength: 20 }),
    cordoned: fc.boolean(),
    ages: fc.boolean(),
    backoffMs: fc.constantFrom(0, 0, 0, 5_000),
    silent: fc.boolean(),
    keyless: fc.boolean(),
    lastGood: lastGoods,
    fault: fc.constantFrom(undefined, undefined, undefined, noImage, noEnvironment),
  })
  .map(({ size, traits: all, cordoned, ages, silent, keyless, ...rest }) =>
    observation(
      all.map((one, index) => runtime(`r${index}`, one)),
      {
        pool: storedPool({ size }),
        leavingNodes: new Set(cordoned ? ["node-b"] : []),
        silentNodes: new Set(silent ? ["node-c"] : []),
        keyless: new Set(keyless ? [runtime("r0").uid] : []),
        maxLifeMs: ages ? maxLifeSeconds * 1000 : Infinity,
        ...rest,
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
  const create = (count: number, revision = "current"): Runtime[] =>
    Array.from({ length: count }, (_, index) =>
      runtime(`new-${revision}-${round}-${index}`, { state: "pending", revision }),
    );
  const created = [...create(plan.create), ...create(plan.refill, observed.lastGood?.revision)];
  const runtimes = kept.map((one): Runtime => {
    if (plan.promote.includes(one)) return { ...one, state: "available" };
    return plan.demote.includes(one) ? { ...one, state: "pending" } : one;
  });
  return { ...observed, runtimes: [...runtimes, ...created] };
}

const isEmpty = (plan: PoolPlan): boolean => touched(plan).length + plan.create + plan.refill === 0;

/** Those that can be counted on: they live, and so do their node and their key. */
const sound = (observed: PoolObservation): readonly Runtime[] => {
  const { leavingNodes, silentNodes, keyless } = observed;
  const isNodeSound = (name = ""): boolean => !leavingNodes.has(name) && !silentNodes.has(name);
  return observed.runtimes.filter(
    ({ terminating, ended, uid, pod }) =>
      !terminating && !ended && !keyless.has(uid) && isNodeSound(pod.spec?.nodeName),
  );
};

const serving = (observed: PoolObservation): number =>
  sound(observed).filter(({ state, ready }) => state === "available" && ready).length;

/** The warm runtimes of a revision that have nothing against them. */
const keptOf = (observed: PoolObservation, wanted: string): readonly Runtime[] =>
  sound(observed).filter(
    ({ state, revision, createdAtMs }) =>
      revision === wanted &&
      (state === "pending" || state === "available") &&
      (observed.maxLifeMs === Infinity || createdAtMs > nowMs - 100_000),
  );

const described = (plan: PoolPlan) => ({
  promote: plan.promote.map(({ ulid }) => ulid).sort(),
  demote: plan.demote.map(({ ulid }) => ulid).sort(),
  create: plan.create,
  refill: plan.refill,
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

  it("creates no more than the size lacks, and one canary beside", () => {
    fc.assert(
      fc.property(pools, (observed) => {
        const { create, refill } = planPool(observed, nowMs);
        const lacking = (revision = ""): number =>
          Math.max(0, observed.pool.spec.size! - keptOf(observed, revision).length);
        if (isOnTrial(observed) || lastGoodInFault(observed)) {
          const canaries = observed.template ? Math.min(1, observed.pool.spec.size!) : 0;
          expect(create).toBeLessThanOrEqual(canaries);
          expect(refill).toBeLessThanOrEqual(lacking(observed.lastGood?.revision));
        } else {
          expect(create).toBeLessThanOrEqual(observed.template ? lacking("current") : 0);
          expect(refill).toBe(0);
        }
      }),
    );
  });

  it("creates nothing of a revision that backs off", () => {
    fc.assert(
      fc.property(pools, (observed) => {
        const { create, refill } = planPool(observed, nowMs);
        if (observed.backoffMs > 0) expect(create).toBe(0);
        if ((observed.lastGood?.backoffMs ?? 0) > 0) expect(refill).toBe(0);
      }),
    );
  });

  it("has one canary at most while a revision is on trial", () => {
    fc.assert(
      fc.property(pools, (start) => {
        let observed = start;
        for (let round = 0; round < 3; round++)
          observed = carriedOut(observed, planPool(observed, nowMs), round);
        if (isOnTrial(observed)) expect(keptOf(observed, "current").length).toBeLessThanOrEqual(1);
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
