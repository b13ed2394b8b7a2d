import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { answer, hold, type ProxiedRequest } from "@datalayer/devcluster/testkit/fault-proxy";
import { systemClock } from "@datalayer/shared/clock/clock";
import { ApiError } from "@datalayer/shared/kube/api-error";
import { Pod } from "@datalayer/shared/kube/kinds";
import type { RestClient } from "@datalayer/shared/kube/rest";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { assignment } from "../../test/assignment.ts";
import { type Harness, startHarness } from "../../test/harness.ts";
import type { PodVersion } from "../../test/pod-history.ts";
import { parseRuntime, type Runtime } from "../runtime/runtime.ts";
import { type Attempt, attemptClaim, UndecidedAttempt } from "./attempt.ts";
import { claimPatch } from "./claim-patch.ts";

let harness: Harness;
let client: RestClient;

beforeAll(async () => {
  harness = await startHarness();
  client = await harness.operatorClient("claims");
});

afterEach(() => {
  harness.proxy.clearFaults();
  harness.proxy.log.clear();
});

const onPods = { client: "claims", verb: "patch", resource: "pods" } as const;
const patches = (): ProxiedRequest[] => harness.proxy.log.select(onPods);

function attempt(runtime: Runtime, claim = assignment(), decideWithinMs = 20_000): Promise<Attempt> {
  return attemptClaim(runtime, claim, { client, clock: systemClock, decideWithinMs });
}

/** Keeps the Pod readable, and still available, after its deletion. */
async function kept(runtime: Runtime): Promise<Runtime> {
  const operations = [
    { op: "add" as const, path: "/metadata/finalizers", value: ["test.datalayer.io/hold"] },
  ];
  return parseRuntime(await harness.admin.patch(Pod, runtime, operations))!;
}

describe("an attempt at a free Pod", () => {
  it("makes the whole assignment in one write", async () => {
    const runtime = await harness.lone();
    const claim = assignment({ expiredAt: 2_000_000_000 });
    const attempted = await attempt(runtime, claim);
    const written = (await harness.runtime(runtime.name))!;
    expect(attempted.kind).toBe("won");
    expect(written).toMatchObject({ state: "assigned", assignment: claim });
    expect(written.pod.metadata.finalizers).toEqual(["datalayer.io/usage"]);
    expect(patches()).toHaveLength(1);
  });

  it("is lost to the claim that came first", async () => {
    const runtime = await harness.lone();
    const [one, two] = await Promise.all([
      attempt(runtime, assignment({ claimId: "1" })),
      attempt(runtime, assignment({ claimId: "2" })),
    ]);
    expect([one.kind, two.kind].toSorted()).toEqual(["lost", "won"]);
    const winner = one.kind === "won" ? "1" : "2";
    expect((await harness.runtime(runtime.name))?.assignment?.claimId).toBe(winner);
  });
});

describe("an attempt at a Pod that is not what it was", () => {
  it.each([
    [
      "is being deleted",
      async (runtime: Runtime) => harness.admin.delete(Pod, runtime, { uid: runtime.uid }),
    ],
    ["is not available any more", async (runtime: Runtime) => harness.setState(runtime, "pending")],
    ["has failed", async (runtime: Runtime) => setStatus(runtime, "/status/phase", "Failed")],
    ["has another address", async (runtime: Runtime) => setStatus(runtime, "/status/podIP", "10.9.9.9")],
    [
      "has restarted",
      async (runtime: Runtime) => setStatus(runtime, "/status/containerStatuses/0/restartCount", 1),
    ],
  ])("is lost when it %s", async (_, change) => {
    const runtime = await kept(await harness.lone());
    await change(runtime);
    expect((await attempt(runtime)).kind).toBe("lost");
    expect((await harness.runtime(runtime.name))?.assignment).toBeUndefined();
  });

  it("is lost when it is gone, or its name belongs to another Pod", async () => {
    const runtime = await harness.lone();
    await harness.admin.delete(Pod, runtime, { uid: runtime.uid, gracePeriodSeconds: 0 });
    expect(await attempt(runtime)).toEqual({ kind: "lost" });
    const successor = await harness.lone();
    // As a replica sees it that has not heard of the end of the Pod which had the name before.
    const predecessor = { ...successor, uid: runtime.uid };
    expect(await attempt(predecessor)).toEqual({ kind: "lost" });
    expect((await harness.runtime(successor.name))?.assignment).toBeUndefined();
  });

  it("never wins a Pod whose deletion came first, in thirty races", async () => {
    const history = await harness.record();
    const runtimes = await Promise.all(Array.from({ length: 30 }, () => harness.lone()));
    const results = await Promise.all(
      runtimes.map(async (runtime, index) => {
        const deletion = harness.admin.delete(Pod, runtime, { uid: runtime.uid });
        if (index % 3 === 0) await deletion;
        const result = await attempt(runtime);
        await deletion;
        return result;
      }),
    );
    const won = results.flatMap((result) => (result.kind === "won" ? [result.pod.metadata.uid] : []));
    // Not the Pods as the attempts saw them: one that had to ask again sees the deletion that came after it.
    const firstAssigned = (uid: string): PodVersion | undefined =>
      history.lives.get(uid)?.versions.find(({ claimId }) => claimId);
    await eventually(() => won.every(firstAssigned), { message: "every claim that was won being seen" });
    expect(won.filter((uid) => firstAssigned(uid)?.terminating)).toEqual([]);
  });
});

describe("an attempt with values that the API server refuses", () => {
  it("says which, and sends them once", async () => {
    const runtime = await harness.lone();
    const refused = attempt(runtime, assignment({ userUid: "not a label value" }));
    await expect(refused).rejects.toMatchObject({
      refusal: "invalid",
      message: expect.stringContaining("metadata.labels") as string,
    });
    expect(patches()).toHaveLength(1);
    expect((await harness.runtime(runtime.name))?.state).toBe("available");
  });
});

describe("an attempt at an API server without capacity", () => {
  it("sends the same patch again after the time that it asks for", async () => {
    const runtime = await harness.lone();
    harness.proxy.inject({ ...onPods, times: 1, act: answer(429, { retryAfter: 1 }) });
    expect((await attempt(runtime)).kind).toBe("won");
    const [first, second] = patches();
    expect(second!.startedAtMs - first!.startedAtMs).toBeGreaterThanOrEqual(1_000);
    expect(second!.body).toBe(first!.body);
  });

  it("gives up at once when that time is longer than its own, and passes it on", async () => {
    const runtime = await harness.lone();
    harness.proxy.inject({ ...onPods, act: answer(429, { retryAfter: 30 }) });
    await expect(attempt(runtime)).rejects.toMatchObject({ refusal: "unavailable", retryAfterMs: 30_000 });
    expect(patches()).toHaveLength(1);
  });
});

describe("an attempt whose patch is held", () => {
  it("sends it again to the same Pod, and knows its own write from another's", async () => {
    const runtime = await harness.lone();
    const held = harness.proxy.inject({ ...onPods, times: 1, act: hold("reply") });
    const claim = assignment();
    // Longer than one answer is waited for: the second patch finds what the first has written.
    const attempted = await attempt(runtime, claim);
    expect(attempted).toMatchObject({ kind: "won" });
    expect(patches()).toHaveLength(2);
    held.release();
    expect((await harness.runtime(runtime.name))?.assignment).toEqual(claim);
  });

  it("is undecided while that may still be carried out", async () => {
    const runtime = await harness.lone();
    harness.proxy.inject({ ...onPods, act: hold() });
    await expect(attempt(runtime, assignment(), 500)).rejects.toThrow(UndecidedAttempt);
  });

  it.each([
    ["its Pod is not free now but may be again", (runtime: Runtime) => harness.setState(runtime, "pending")],
    ["the patch is forbidden now", () => harness.proxy.inject({ ...onPods, act: answer(403) })],
  ])("is undecided when %s", async (_, change) => {
    const runtime = await harness.lone();
    const held = harness.proxy.inject({ ...onPods, times: 1, act: hold() });
    const attempted = attempt(runtime, assignment(), 5_000);
    await held.struck();
    await change(runtime);
    await expect(attempted).rejects.toThrow(UndecidedAttempt);
  });

  it("is lost for certain when another claim has the Pod", async () => {
    const runtime = await harness.lone();
    const held = harness.proxy.inject({ ...onPods, times: 1, act: hold() });
    const attempted = attempt(runtime, assignment({ claimId: "mine" }));
    await held.struck();
    await harness.admin.patch(Pod, runtime, claimPatch(runtime, assignment({ claimId: "other" })));
    expect((await attempted).kind).toBe("lost");
    held.release();
    await eventually(() => patches()[0]?.upstreamStatus);
    expect((await harness.runtime(runtime.name))?.assignment?.claimId).toBe("other");
  });
});

describe("a writer that still has the intent of the warm Pod", () => {
  it("cannot undo a claim, by force either", async () => {
    const runtime = await harness.lone();
    await attempt(runtime);
    const { apiVersion, kind, metadata, spec } = runtime.pod;
    const { name, namespace, labels, annotations } = metadata;
    const stale = { apiVersion, kind, metadata: { name, namespace, labels, annotations }, spec };
    const applied = harness.admin.apply(Pod, stale, { force: true });
    await expect(applied).rejects.toThrow(ApiError);
    await expect(applied).rejects.toMatchObject({ status: 403 });
    expect((await harness.runtime(runtime.name))?.state).toBe("assigned");
  });
});

async function setStatus(runtime: Runtime, path: string, value: unknown): Promise<void> {
  await harness.admin.patch(Pod, runtime, [{ op: "replace", path, value }], { subresource: "status" });
}
