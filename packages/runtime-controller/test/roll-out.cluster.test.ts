import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { findCondition } from "@datalayer/shared/controller/conditions";
import { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import { setInterval } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { startHarness } from "./harness.ts";
import { assertNoDoubleAssignment, leastLeftByRemoval } from "./pod-history.ts";

const size = 50;
/** What a roll-out may take and add for a while: a quarter of the size, rounded up. */
const surge = 13;
const everyMs = 200;

describe("a roll-out of a pool of 50 under 5 claims a second", () => {
  it("refuses no claim, and takes nothing away that leaves fewer available than its size less the surge", async () => {
    const cluster = await startHarness();
    const history = await cluster.record();
    const replica = await cluster.startReplica("first");
    await cluster.warmPool({ name: "rolled", size });
    const ref = { namespace: cluster.namespace, name: "rolled" };
    const before = await cluster.admin.get(RuntimePool, ref);

    await cluster.admin.patch(RuntimePool, ref, [
      { op: "add", path: "/spec/resources", value: { limits: { memory: "32Mi" } } },
    ]);
    const rolledOut = new AbortController();
    const rollOut = eventually(
      async () => {
        const { status } = await cluster.admin.get(RuntimePool, ref);
        const condition = findCondition(status?.conditions ?? [], "RolledOut");
        return status?.revision !== before.status?.revision && condition?.status === "True";
      },
      { timeoutMs: 80_000, message: "the roll-out being complete" },
    ).finally(() => rolledOut.abort());
    const claims: ReturnType<typeof replica.claim>[] = [];
    let unanswered = 0;
    for await (const wish of setInterval(everyMs, { environment_name: "rolled" })) {
      if (rolledOut.signal.aborted) break;
      // A machine that starts Pods more slowly than this is asked for fewer.
      if (history.available("rolled") - unanswered < surge) continue;
      unanswered++;
      const claim = replica.claim({ ...wish, user_uid: `user-${claims.length}` });
      claims.push(claim.finally(() => unanswered--));
    }
    await rollOut;
    const answers = await Promise.all(claims);

    expect(answers.filter(({ status }) => status !== 201)).toEqual([]);
    // Claims take some besides, and how soon those are replaced is the machine's affair.
    expect(leastLeftByRemoval(history, "rolled")).toBeGreaterThanOrEqual(size - surge);
    expect(leastLeftByRemoval(history, "rolled")).toBeLessThan(Infinity);
    assertNoDoubleAssignment(
      history,
      answers.map(({ body }, index) => ({ claimant: `user-${index}`, podName: body.runtime.pod_name })),
    );
    const warm = await cluster.available("rolled", size);
    expect(new Set(warm.map(({ revision }) => revision)).has(before.status?.revision ?? "")).toBe(false);
  }, 120_000);
});
