import { describe, expect, it } from "vitest";
import { noEnvironment, noImage } from "../../test/pool-objects.ts";
import { PoolSimulation } from "../../test/pool-simulation.ts";

type Story = (pool: PoolSimulation) => Promise<unknown>;

/** A pool that is filled before the story begins. */
const filled =
  (story: Story): Story =>
  async (pool) => {
    await pool.run(5);
    pool.log.length = 0;
    await story(pool);
  };

/** What happens to a pool of four; the logs are refreshed with `vitest -u`. */
const stories: Record<string, Story> = {
  "initial-fill": (pool) => pool.run(5),
  "claim-burst": filled(async (pool) => {
    await pool.event("three are claimed", () => pool.claim(3)).run(2);
    await pool.event("the last one is claimed", () => pool.claim(1)).run(6);
  }),
  "size-up-and-down": filled(async (pool) => {
    await pool.event("size 6", () => (pool.size = 6)).run(2);
    await pool.event("size 3, two still start", () => (pool.size = 3)).run(5);
    await pool
      .event("one is claimed, size 0", () => {
        pool.claim(1);
        pool.size = 0;
      })
      .run(2);
  }),
  "roll-out-good": filled(async (pool) => {
    await pool.event("revision v2", () => (pool.revision = "v2")).run(5);
    await pool.event("one is claimed", () => pool.claim(1)).run(20);
  }),
  "roll-out-bad": filled(async (pool) => {
    pool.bad.add("v2");
    await pool.event("revision v2, which crashes", () => (pool.revision = "v2")).run(30);
    await pool.event("two are claimed", () => pool.claim(2)).run(30);
    await pool.event("all are claimed", () => pool.claim(4)).run(30);
    await pool.event("revision v3", () => (pool.revision = "v3")).run(20);
  }),
  "roll-out-refused": filled(async (pool) => {
    pool.refusal = { reason: "PodRefused", message: "violates PodSecurity", revision: "v2" };
    await pool.event("revision v2, which is refused", () => (pool.revision = "v2")).run(10);
    await pool.event("two are claimed", () => pool.claim(2)).run(10);
    await pool.event("revision v1 again", () => (pool.revision = "v1")).run(5);
  }),
  "template-fault": filled(async (pool) => {
    await pool
      .event("its image is not ready, two are claimed", () => {
        pool.fault = noImage;
        pool.claim(2);
      })
      .run(5);
    await pool
      .event("the image is ready, as v2", () => {
        pool.fault = undefined;
        pool.revision = "v2";
      })
      .run(2);
    await pool
      .event("it is not any more, while its canary starts; one is claimed", () => {
        pool.fault = noImage;
        pool.claim(1);
      })
      .run(5);
    await pool
      .event("the environment is deleted, one is claimed", () => {
        pool.fault = noEnvironment;
        pool.claim(1);
      })
      .run(5);
  }),
  "roll-out-under-claims": filled(async (pool) => {
    await pool.event("revision v2", () => (pool.revision = "v2")).run(4);
    for (let second = 0; second < 12; second++)
      await pool.event("one is claimed", () => pool.claim(1)).run(1);
    await pool.event("nobody claims any more", () => undefined).run(10);
  }),
  "silent-node": filled(async (pool) => {
    await pool.event("nobody hears from node-b", () => pool.silent.add("node-b")).run(6);
    await pool.event("node-b comes back", () => pool.silent.delete("node-b")).run(3);
  }),
  "token-key-lost": filled(async (pool) => {
    await pool.event("the key of r1 is lost", () => pool.keyless.add("r1")).run(6);
  }),
  "recycle-by-age": filled(async (pool) => {
    pool.maxLifeMs = 600_000;
    await pool.event("lives of ten minutes", () => undefined).run(1_300);
  }),
  "cordoned-node": filled(async (pool) => {
    await pool.event("one is claimed", () => pool.claim(1)).run(5);
    await pool.event("node-b is cordoned", () => pool.cordoned.add("node-b")).run(6);
  }),
  "emptied-node": filled(async (pool) => {
    await pool.event("node-b is scaled down", () => pool.emptying.add("node-b")).run(12);
    await pool.event("one is claimed", () => pool.claim(1)).run(5);
  }),
  evicted: filled(async (pool) => {
    await pool.event("r1 is evicted", () => pool.evict("r1")).run(10);
    await pool
      .event("r2 and r3 are evicted", () => {
        pool.evict("r2");
        pool.evict("r3");
      })
      .run(10);
  }),
  "start-failure": async (pool) => {
    pool.bad.add("v1");
    await pool.run(30);
    await pool.event("revision v2, which starts", () => (pool.revision = "v2")).run(10);
  },
  "quota-back-off": filled(async (pool) => {
    const refusal = { reason: "QuotaExceeded", message: "exceeded quota" } as const;
    await pool
      .event("the quota is used up, two are claimed", () => {
        pool.refusal = refusal;
        pool.claim(2);
      })
      .run(70);
    await pool.event("the quota is raised", () => (pool.refusal = undefined)).run(70);
  }),
};

describe("the trace of a pool of four", () => {
  it.each(Object.entries(stories))("%s is as in its golden file", async (name, story) => {
    const pool = new PoolSimulation(4);
    await story(pool);
    await expect(`${pool.log.join("\n")}\n`).toMatchFileSnapshot(`testdata/${name}.golden`);
  });
});
