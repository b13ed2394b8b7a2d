import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { beforeAll, describe, expect, it } from "vitest";
import { claimStorm } from "./claim-storm.ts";
import { type Harness, startHarness } from "./harness.ts";
import { assertNoDoubleAssignment, assertNoLeakedReservation, type PodHistory } from "./pod-history.ts";

const claims = 500;
const kills = 4;
/** Callers seldom wait: without a leader nobody refills for some seconds. */
const size = 150;

describe(`given two replicas of which one is killed every ${claims / (kills + 1)} claims, and ${claims} claims`, () => {
  let harness: Harness;
  let history: PodHistory;

  beforeAll(async () => {
    harness = await startHarness();
    history = await harness.record();
    const first = await harness.startReplica("first");
    await harness.warmPool({ name: "pool", size });
    await first.stop();
  });

  it("gives no runtime twice, keeps none that nobody knows, and ends with a full pool", async () => {
    const storm = await claimStorm({
      pool: "pool",
      namespace: harness.namespace,
      kubeconfigPath: await harness.operatorKubeconfig(),
      claims,
      kills,
      callers: 16,
      // A killed leader's lease would last 15 s, in which nobody refills.
      afterKill: (replica) => harness.expireLease(replica),
    });
    const { given, kept } = storm;
    try {
      expect(given).toHaveLength(claims);
      expect(storm.kills).toBe(kills);
      // A duplicate of a killed replica is taken back 10 s after its claim.
      await eventually(() => history.held().length === kept.length, { timeoutMs: 30_000 }).catch(
        () => undefined,
      );
      assertNoDoubleAssignment(history, given);
      assertNoLeakedReservation(history, kept);
      expect(history.held()).toHaveLength(kept.length);
      await harness.available("pool", size);
    } finally {
      await storm.stop();
      await history.stop();
    }
  }, 360_000);
});
