import { describe, expect, it } from "vitest";
import { ScalingSimulation } from "../../test/scaling-simulation.ts";

const stories: Record<string, () => ScalingSimulation> = {
  "scales up": () => {
    const cluster = new ScalingSimulation().grown(1);
    cluster.size = 12;
    return cluster;
  },
  "scales down": () => {
    const cluster = new ScalingSimulation({ downMaxStep: 2 }).grown(4);
    cluster.size = 2;
    return cluster;
  },
};

const seconds = 400;

/** The story with a crash before the write or effect of this number; the next tick is that of another process. */
async function told(story: () => ScalingSimulation, crashAfter?: number): Promise<ScalingSimulation> {
  const cluster = story();
  cluster.crashAfter = crashAfter;
  await cluster.run(seconds);
  return cluster;
}

describe.each(Object.entries(stories))("given a group that %s", (_, story) => {
  it("does the same once only, wherever the controller crashes", async () => {
    const whole = await told(story);
    expect(whole.group.calls.length).toBeGreaterThan(0);
    for (let point = 0; point < whole.done; point++) {
      const { group, log } = await told(story, point);
      const { calls, desired, machines } = group;
      const told_ = `crash ${point}:\n${log.join("\n")}`;
      expect(
        log.filter((line) => line.endsWith("crash")),
        told_,
      ).toHaveLength(1);
      expect([...calls].sort(), told_).toEqual([...whole.group.calls].sort());
      expect({ desired, machines: machines.length }, told_).toEqual({
        desired: whole.group.desired,
        machines: whole.group.machines.length,
      });
    }
  });
});
