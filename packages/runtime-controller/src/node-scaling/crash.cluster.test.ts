import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { dropBefore, hold } from "@datalayer/devcluster/testkit/fault-proxy";
import { beforeAll, describe, expect, it } from "vitest";
import type { AwsCloud } from "../../test/aws-cloud.ts";
import { ScaledCluster, startCloud } from "../../test/scaled-cluster.ts";

let cloud: AwsCloud;
let scaled: ScaledCluster;

beforeAll(async () => {
  cloud = await startCloud();
  scaled = await ScaledCluster.start(cloud, 1);
  await scaled.startReplica();
  await scaled.pool("python", 3);
  await scaled.settled(1);
}, 120_000);

/** What scaling writes of itself, and to nodes. */
const writes = {
  verb: ["create", "patch", "delete"],
  resource: ["configmaps", "nodes"],
} as const;

/** When the replica is killed: with its write carried out and its answer held back, or before it is carried out. */
type Moment = "after" | "before";

/**
 * Changes the size of the pool and kills the replica at so many of its writes; the next one goes on. False when it
 * needs no such write.
 */
async function killedAt(write: number, moment: Moment, size: number, nodes: number): Promise<boolean> {
  const rule = { ...writes, client: scaled.replica.name };
  const struck = scaled.cluster.proxy.inject({
    ...rule,
    nth: write,
    ...(moment === "after" ? { act: hold("reply") } : { act: dropBefore(), times: Infinity }),
  });
  const next = scaled.cluster.proxy.inject({ ...rule, nth: write + 1, times: Infinity, act: dropBefore() });
  const sinceMs = performance.now();
  await scaled.cluster.resize("python", size);
  const isReached = await Promise.race([
    struck.struck().then(() => true),
    scaled.settled(nodes).then(() => false),
  ]);
  if (isReached) {
    const answered = (): boolean =>
      moment === "before" ||
      scaled.cluster.proxy.log.writes({ ...rule, sinceMs })[write - 1]?.upstreamStatus !== undefined;
    await eventually(answered, { message: `write ${write} being carried out` });
    await scaled.replica.kill();
    await scaled.cluster.expireLease(scaled.replica.name);
    await scaled.startReplica();
  }
  struck.remove();
  next.remove();
  return isReached;
}

const terminations = (): string[] => cloud.requests.filter((one) => one.startsWith("Terminate"));
const sizes = (): string[] => cloud.requests.filter((one) => one.startsWith("SetDesiredCapacity"));

describe("a replica that is killed while it scales", { timeout: 600_000 }, () => {
  it.each(["after", "before"] as const)(
    "%s any write leaves a group of the right size, with no machine too many and none too few",
    async (moment) => {
      for (let write = 1; ; write++) {
        cloud.requests.length = 0;
        const grown = await killedAt(write, moment, 7, 2);
        await scaled.settled(2);
        expect(await scaled.desired(), `growing, killed ${moment} write ${write}`).toBe(2);
        expect(new Set(sizes())).toEqual(new Set(["SetDesiredCapacity 2"]));
        const before = await scaled.instances();
        const shrunk = await killedAt(write, moment, 3, 1);
        await scaled.settled(1);
        expect(await scaled.desired(), `shrinking, killed ${moment} write ${write}`).toBe(1);
        const [left = ""] = await scaled.instances();
        expect(before).toContain(left);
        expect(new Set(terminations()).size).toBe(1);
        if (!grown && !shrunk) {
          expect(write).toBeGreaterThan(3);
          return;
        }
      }
    },
  );
});
