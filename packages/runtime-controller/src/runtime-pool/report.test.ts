import { conditionsAfter } from "@datalayer/shared/controller/conditions";
import { statusAfter } from "@datalayer/shared/controller/status";
import { describe, expect, it } from "vitest";
import {
  noEnvironment,
  noImage,
  observation,
  runtime,
  type RuntimeTraits,
  storedPool,
} from "../../test/pool-objects.ts";
import type { PoolObservation } from "./observation.ts";
import { reportPool } from "./report.ts";

type Runtimes = Record<string, RuntimeTraits>;
type Rest = Parameters<typeof observation>[1];

function observe(runtimes: Runtimes, rest: Rest = {}): PoolObservation {
  const parsed = Object.entries(runtimes).map(([id, traits]) => runtime(id, traits));
  return observation(parsed, rest);
}

/** Every condition as `Type=Status/Reason`, after the summary of the loop. */
function conditionsOf(observed: PoolObservation): string {
  const { outcome, conditions: reported } = reportPool(observed);
  const conditions = conditionsAfter([], { outcome, reported }, { nowMs: 0 });
  return conditions.map(({ type, status, reason }) => `${type}=${status}/${reason}`).join(" ");
}

/** The pool with the status that the loop writes after this report. */
function reported(observed: PoolObservation): PoolObservation["pool"] {
  const pool = observed.pool;
  return { ...pool, status: statusAfter(pool, reportPool(observed), 0) };
}

const full: Runtimes = { a: {}, b: {}, c: {} };
const pullFailed: RuntimeTraits = {
  state: "pending",
  status: {
    phase: "Pending",
    containerStatuses: [
      {
        name: "jupyter",
        image: "i",
        imageID: "",
        ready: false,
        restartCount: 0,
        state: { waiting: { reason: "ImagePullBackOff", message: "Back-off" } },
      },
    ],
  },
};
const refusal = { reason: "QuotaExceeded", message: "exceeded quota: pods" } as const;

describe("the conditions of a pool", () => {
  const table: [string, Runtimes, Rest, string][] = [
    [
      "say that it is full",
      full,
      {},
      "Reconciling=False/Settled Stalled=False/Settled Ready=True/Available RolledOut=True/Warm",
    ],
    [
      "say that nothing can be assigned while the first runtimes start",
      { a: { state: "pending" } },
      {},
      "Reconciling=True/Warming Stalled=False/Warming Ready=False/NoneAvailable RolledOut=True/Warm",
    ],
    [
      "say that claims can be served as soon as one is available",
      { a: {} },
      {},
      "Reconciling=True/Warming Stalled=False/Warming Ready=True/Available RolledOut=True/Warm",
    ],
    [
      "call a pool of none ready",
      {},
      { pool: storedPool({ size: 0 }) },
      "Reconciling=False/Settled Stalled=False/Settled Ready=True/Available RolledOut=True/Warm",
    ],
    [
      "say that the environment is missing",
      {},
      { fault: noEnvironment },
      "Reconciling=False/EnvironmentNotFound Stalled=True/EnvironmentNotFound " +
        "Ready=False/EnvironmentNotFound RolledOut=Unknown/EnvironmentNotFound",
    ],
    [
      "say that the image cannot be pulled",
      { a: pullFailed },
      {},
      "Reconciling=True/ImagePullFailed Stalled=False/ImagePullFailed Ready=False/ImagePullFailed RolledOut=True/Warm",
    ],
    [
      "keep Ready while others serve",
      { a: {}, b: pullFailed },
      {},
      "Reconciling=True/ImagePullFailed Stalled=False/ImagePullFailed Ready=True/Available RolledOut=True/Warm",
    ],
    [
      "say that the quota is used up",
      { a: {} },
      { refusal },
      "Reconciling=True/QuotaExceeded Stalled=False/QuotaExceeded Ready=True/Available RolledOut=True/Warm",
    ],
    [
      "forget the quota when no Pod is missing any more",
      full,
      { refusal },
      "Reconciling=False/Settled Stalled=False/Settled Ready=True/Available RolledOut=True/Warm",
    ],
    [
      "say that a new revision is being rolled out",
      { a: { revision: "old" }, b: { revision: "old" }, c: {} },
      {},
      "Reconciling=True/RollingOut Stalled=False/RollingOut Ready=True/Available RolledOut=False/RollingOut",
    ],
    [
      "say why a roll-out stands still",
      { a: { revision: "old" }, b: { revision: "old" }, c: { revision: "old" }, d: pullFailed },
      {},
      "Reconciling=True/ImagePullFailed Stalled=False/ImagePullFailed Ready=True/Available RolledOut=False/RollingOut",
    ],
  ];
  it.each(table)("%s", (_, runtimes, rest, expected) => {
    expect(conditionsOf(observe(runtimes, rest))).toBe(expected);
  });

  describe("while a new revision is on trial beside the last good one", () => {
    const lastGood = { revision: "old", backoffMs: 0 };
    const filled: Runtimes = { a: { revision: "old" }, b: { revision: "old" }, c: { revision: "old" } };
    const table: [string, Runtimes, Rest, string][] = [
      ["say so while its canary starts", { ...filled, d: { state: "pending" } }, {}, "RollingOut"],
      ["say that its canary cannot start", { ...filled, d: pullFailed }, {}, "CanaryFailed"],
      ["say that its canary is refused", filled, { refusal, backoffMs: 2_000 }, "CanaryFailed"],
      ["say that its canary has ended", filled, { backoffMs: 2_000 }, "CanaryFailed"],
      [
        "are silent about claims in between",
        { a: { revision: "old" } },
        { backoffMs: 2_000 },
        "CanaryFailed",
      ],
    ];
    it.each(table)("%s", (_, runtimes, rest, reason) => {
      const observed = observe(runtimes, { lastGood, ...rest });
      expect(conditionsOf(observed)).toContain(`Ready=True/Available RolledOut=False/${reason}`);
      expect(reportPool(observed).outcome.kind).toBe("waiting");
    });

    it("name both revisions and what the canary suffers from", () => {
      const { conditions = [] } = reportPool(observe({ ...filled, d: pullFailed }, { lastGood }));
      expect(conditions.find(({ type }) => type === "RolledOut")?.message).toBe(
        "Revision current does not start: container jupyter of Pod runtime-d: ImagePullBackOff: Back-off. " +
          "The pool stays filled with runtimes of old, the last good revision.",
      );
    });
  });

  describe("while the image of a new revision is not ready", () => {
    const lastGood = { revision: "old", backoffMs: 0 };
    const fault = noImage;
    const messageOf = (observed: PoolObservation): string | undefined =>
      reportPool(observed).conditions?.find(({ type }) => type === "RolledOut")?.message;

    it("say that the last good revision serves", () => {
      const observed = observe({ a: { revision: "old" } }, { fault, lastGood });
      expect(conditionsOf(observed)).toBe(
        "Reconciling=True/ImageNotReady Stalled=False/ImageNotReady " +
          "Ready=True/Available RolledOut=Unknown/ImageNotReady",
      );
      expect(messageOf(observed)).toBe(
        "It has not been built yet. The pool stays filled with runtimes of old, the last good revision.",
      );
    });

    it("say that the last good revision is refused", () => {
      const observed = observe({}, { fault, lastGood: { ...lastGood, refusal } });
      expect(messageOf(observed)).toBe(
        "It has not been built yet. The last good revision, old, is refused: exceeded quota: pods",
      );
    });

    it("promise nothing where no revision was good yet", () => {
      expect(messageOf(observe({}, { fault }))).toBe("It has not been built yet.");
    });

    it("look again although only somebody can mend it, as long as the refill goes on", () => {
      const missing = { reason: "ContentNotFound", message: "There is none." } as const;
      expect(reportPool(observe({}, { fault: missing, lastGood })).outcome.kind).toBe("waiting");
      expect(reportPool(observe({}, { fault: missing })).outcome.kind).toBe("stalled");
      expect(reportPool(observe({}, { fault: noEnvironment, lastGood })).outcome.kind).toBe("stalled");
    });
  });

  it("name the same Pod whatever the order of several that fail", () => {
    const [one, other] = [
      { x: pullFailed, b: pullFailed },
      { b: pullFailed, x: pullFailed },
    ];
    const messages = [one, other].map((runtimes) => JSON.stringify(reportPool(observe(runtimes)).outcome));
    expect(messages[0]).toBe(messages[1]);
    expect(messages[0]).toContain("Pod runtime-b");
  });

  it("wait at least for the back-off", () => {
    const { outcome } = reportPool(observe({ a: {} }, { refusal, backoffMs: 64_000 }));
    expect(outcome).toMatchObject({ kind: "waiting", retryAfterMs: 64_000 });
  });
});

describe("given a pool that has been full", () => {
  const pool = reported(observe(full));
  const table: [string, Runtimes][] = [
    ["a claim", { a: {}, b: {}, c: { state: "assigned" } }],
    ["its refill", { a: {}, b: {}, c: { state: "assigned" }, d: { state: "pending" } }],
    ["a burst that leaves one", { a: {}, b: { state: "assigned" }, c: { state: "assigned" } }],
    ["one more than wanted", { ...full, d: {} }],
  ];
  it.each(table)("%s changes no condition", (_, runtimes) => {
    const after = reported(observe(runtimes, { pool }));
    expect(after.status?.conditions).toEqual(pool.status?.conditions);
  });

  it("the last claim ends Ready, and the first refill brings it back", () => {
    const empty = reported(observe({ a: { state: "assigned" } }, { pool }));
    expect(empty.status?.conditions).toContainEqual(
      expect.objectContaining({ type: "Ready", status: "False" }),
    );
    const refilled = reported(observe({ a: {} }, { pool: empty }));
    expect(refilled.status?.conditions).toContainEqual(
      expect.objectContaining({ type: "Ready", status: "True" }),
    );
  });

  it("a greater size is work to be done", () => {
    const greater = {
      ...pool,
      metadata: { ...pool.metadata, generation: 2 },
      spec: { ...pool.spec, size: 5 },
    };
    expect(reportPool(observe(full, { pool: greater })).outcome).toMatchObject({ reason: "Warming" });
  });
});

describe("the status of a pool", () => {
  it("holds counts, revision, and the selector of its available runtimes", () => {
    expect(reportPool(observe({ a: {}, b: { state: "assigned" } })).status).toEqual({
      desired: 3,
      available: 1,
      pending: 0,
      assigned: 1,
      revision: "current",
      selector:
        "app=runtime-pools,runtime-pools.datalayer.io/name=python-simple-pool,runtime-pools.datalayer.io/pod-status=available",
    });
  });
});
