import { describe, expect, it } from "vitest";
import { ScalingSimulation } from "../../test/scaling-simulation.ts";
import { CloudError } from "./executor.ts";

type Story = (cluster: ScalingSimulation) => Promise<unknown>;

/** A cluster with nodes and runtimes that are at rest before the story begins. */
const settled =
  (nodes: number, warm: number, story: Story): Story =>
  async (cluster) => {
    cluster.grown(nodes).size = warm;
    await cluster.run(10);
    cluster.log.length = 0;
    await story(cluster);
  };

const throttled = (): CloudError =>
  new CloudError("CloudThrottled", "Rate exceeded.", { retryAfterMs: 20_000 });
const refused = (): CloudError => new CloudError("CloudRefused", "The launch template is gone.");
const expired = (): CloudError => new CloudError("CredentialsRefused", "The token has expired.");

/** What happens to a group whose nodes take four runtimes each; the logs are refreshed with `vitest -u`. */
const stories: Record<string, Story> = {
  fill: async (cluster) => {
    await cluster.event("a pool of ten, and no node", () => (cluster.size = 10)).run(240);
  },
  burst: settled(2, 5, async (cluster) => {
    await cluster
      .event("twelve more are wanted at once", () => {
        cluster.size = 17;
      })
      .run(180);
  }),
  cooldown: settled(2, 5, async (cluster) => {
    await cluster.event("four more are wanted", () => (cluster.size = 9)).run(10);
    await cluster.event("and four more", () => (cluster.size = 13)).run(90);
  }),
  headroom: settled(1, 2, async (cluster) => {
    await cluster.event("one is claimed", () => cluster.claim(1)).run(120);
  }),
  "scale-down": settled(4, 12, async (cluster) => {
    await cluster.event("only two are wanted", () => (cluster.size = 2)).run(400);
  }),
  "scale-down-assigned": settled(3, 8, async (cluster) => {
    await cluster
      .event("four are claimed, one is wanted", () => {
        cluster.claim(4);
        cluster.size = 1;
      })
      .run(240);
    await cluster.event("the users give theirs back", () => cluster.release()).run(240);
  }),
  "scale-to-zero": settled(2, 4, async (cluster) => {
    await cluster.event("none are wanted", () => (cluster.size = 0)).run(240);
    await cluster.event("five are wanted", () => (cluster.size = 5)).run(240);
  }),
  revoked: settled(4, 12, async (cluster) => {
    await cluster.event("six are wanted", () => (cluster.size = 6)).run(2);
    await cluster.event("sixteen are wanted after all", () => (cluster.size = 16)).run(120);
  }),
  "claimed-while-emptying": settled(3, 8, async (cluster) => {
    await cluster.event("five are wanted", () => (cluster.size = 5)).run(1);
    const last = cluster.group.machines.at(-1)!;
    await cluster
      .event("a claim gets one on the node that is emptied", () => {
        last.warm = Math.max(0, last.warm - 1);
        last.assigned = 1;
      })
      .run(90);
    await cluster.event("it ends", () => cluster.release()).run(60);
  }),
  minimum: async (cluster) => {
    cluster.limits = { ...cluster.limits, minNodes: 2 };
    await cluster.event("nobody wants anything, and two is the least", () => undefined).run(240);
  },
  maximum: async (cluster) => {
    cluster.group.max = 3;
    await cluster.event("twenty are wanted, of three nodes", () => (cluster.size = 20)).run(240);
  },
  throttled: settled(1, 2, async (cluster) => {
    await cluster
      .event("four more are wanted, and the cloud is throttled", () => {
        cluster.group.faults = [throttled(), throttled()];
        cluster.size = 6;
      })
      .run(180);
  }),
  "credentials-expired": settled(1, 2, async (cluster) => {
    await cluster
      .event("four more are wanted, and the credentials have expired", () => {
        cluster.group.faults = Array.from({ length: 6 }, expired);
        cluster.size = 6;
      })
      .run(90);
    await cluster.event("they have been renewed", () => (cluster.group.faults = [])).run(180);
  }),
  refused: settled(1, 2, async (cluster) => {
    await cluster
      .event("four more are wanted, and the cloud refuses", () => {
        cluster.group.faults = [refused(), refused()];
        cluster.size = 6;
      })
      .run(400);
  }),
  "answer-lost": settled(1, 2, async (cluster) => {
    await cluster
      .event("four more are wanted, and the answer is lost", () => {
        cluster.group.faults = ["lost"];
        cluster.size = 6;
      })
      .run(120);
    await cluster
      .event("one is wanted, and the answer is lost", () => {
        cluster.group.faults = ["lost"];
        cluster.size = 1;
      })
      .run(240);
  }),
  slow: settled(1, 2, async (cluster) => {
    await cluster
      .event("four more are wanted, and the cloud takes its time", () => {
        cluster.group.faults = ["slow"];
        cluster.size = 6;
      })
      .run(120);
    await cluster
      .event("one is wanted, and the cloud takes its time", () => {
        cluster.group.faults = ["slow"];
        cluster.size = 1;
      })
      .run(240);
    expect(cluster.group.calls).toEqual(["raise 2", "remove i-1"]);
  }),
  "do-not-join": settled(1, 2, async (cluster) => {
    await cluster
      .event("four more are wanted, and machines do not become nodes", () => {
        cluster.group.joinSeconds = 3_000;
        cluster.size = 6;
      })
      .run(2_400);
  }),
  "not-used": settled(1, 2, async (cluster) => {
    await cluster
      .event("four more are wanted, and the scheduler takes no node for them", () => {
        cluster.isStuck = true;
        cluster.size = 6;
      })
      .run(300);
  }),
  "dry-run": async (cluster) => {
    cluster.limits = { ...cluster.limits, isDryRun: true };
    cluster.grown(1).size = 3;
    await cluster.run(20);
    await cluster.event("eight more are wanted", () => (cluster.size = 11)).run(240);
    await cluster.event("one is wanted", () => (cluster.size = 1)).run(120);
  },
  blind: settled(1, 2, async (cluster) => {
    await cluster
      .event("the cloud does not answer, four more are wanted", () => {
        cluster.group.blindness = new CloudError("CloudUnclear", "connect ETIMEDOUT");
        cluster.size = 6;
      })
      .run(60);
    await cluster.event("it answers again", () => (cluster.group.blindness = undefined)).run(120);
  }),
};

describe("the trace of a group", () => {
  it.each(Object.entries(stories))("%s is as in its golden file", async (name, story) => {
    const cluster = new ScalingSimulation();
    await story(cluster);
    await expect(`${cluster.log.join("\n")}\n`).toMatchFileSnapshot(`testdata/${name}.golden`);
  });
});
