import { dropBefore } from "@datalayer/devcluster/testkit/fault-proxy";
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

/**
 * Changes the size of the pool and kills the replica when it is about to write for the nth time, with all done that
 * came before; the next one goes on. False when it needs no such write.
 */
async function killedBefore(write: number, size: number, nodes: number): Promise<boolean> {
  const { proxy } = scaled.cluster;
  const rule = { ...writes, client: scaled.replica.name, nth: write, times: Infinity };
  const struck = proxy.inject({ ...rule, act: dropBefore() });
  await scaled.cluster.resize("python", size);
  const isReached = await Promise.race([
    struck.struck().then(() => true),
    scaled.settled(nodes).then(() => false),
  ]);
  if (isReached) {
    await scaled.replica.kill();
    await scaled.cluster.expireLease(scaled.replica.name);
    await scaled.startReplica();
  }
  struck.remove();
  return isReached;
}

const terminations = (): string[] => cloud.requests.filter((one) => one.startsWith("Terminate"));
const sizes = (): string[] => cloud.requests.filter((one) => one.startsWith("SetDesiredCapacity"));

describe("a replica that is killed while it scales", { timeout: 600_000 }, () => {
  it("before any write leaves a group of the right size, with no machine too many and none too few", async () => {
    for (let write = 1; ; write++) {
      cloud.requests.length = 0;
      const grown = await killedBefore(write, 7, 2);
      await scaled.settled(2);
      expect(await scaled.desired(), `growing, killed before write ${write}`).toBe(2);
      expect(new Set(sizes())).toEqual(new Set(["SetDesiredCapacity 2"]));
      const before = await scaled.instances();
      const shrunk = await killedBefore(write, 3, 1);
      await scaled.settled(1);
      expect(await scaled.desired(), `shrinking, killed before write ${write}`).toBe(1);
      const [left = ""] = await scaled.instances();
      expect(before).toContain(left);
      expect(new Set(terminations()).size).toBe(1);
      if (!grown && !shrunk) {
        expect(write).toBeGreaterThan(3);
        return;
      }
    }
  });
});
